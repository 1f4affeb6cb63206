CREATE TABLE "<script>alert(1)</script>" (id int);
