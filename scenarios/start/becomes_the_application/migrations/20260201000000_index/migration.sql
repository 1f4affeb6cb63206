CREATE INDEX "Log_line_idx" ON "Log"("line");
