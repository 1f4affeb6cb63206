CREATE UNIQUE INDEX "Log_line_key" ON "Log"("line");
