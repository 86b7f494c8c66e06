-- Takes a job out, waiting or being leased. If it was the last of its owner that waits, its place
-- is given back: what the owner submits next does not wait behind a job that is gone.
--
-- ARGV  1 job_id
-- reply 1 if it was there
local job = ARGV[1]
local info = info_of(job)
if not info then return 0 end
local score = redis.call('ZSCORE', 'gw:q:' .. info.model, info.order .. job)
if score then
  leave(info.model, info.owner, info.order .. job, tonumber(score) + info.bonus, true)
  forget_if_empty(info.model)
end
redis.call('ZREM', 'gw:leasing', job)
redis.call('HDEL', 'gw:leasing:score', job)
redis.call('HDEL', 'gw:job', job)
return 1
