SET ROLE scenario_limited_role;
SELECT 1;
