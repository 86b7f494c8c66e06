-- Moves a job, waiting or being leased, to where it would stand had it always had another priority.
--
-- ARGV  1 job_id, 2 bonus of the new priority
-- reply 1 if it was there
local info = info_of(ARGV[1])
if not info then return 0 end
move(ARGV[1], info, tonumber(ARGV[2]))
return 1
