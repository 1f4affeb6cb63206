CREATE INDEX CONCURRENTLY "User_name_idx" ON "User"("name");
CREATE INDEX CONCURRENTLY "User_role_idx" ON "User"("role");
