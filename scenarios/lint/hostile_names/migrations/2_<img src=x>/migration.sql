DROP TABLE "<script>alert(1)</script>";
DROP TABLE "a[31mred";
DROP TABLE "two
::error::lines, %0A and | pipes";
DROP TABLE "```
@everyone [a](javascript:b)";
DROP TABLE "‮elbat";
DROP TABLE "]]>&quot;''";
