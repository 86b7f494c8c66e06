-- Takes a job out, waiting or being leased. A waiting one gives its place back to its owner, so
-- that what the owner submits next does not wait behind a job that is gone.
--
-- ARGV  1 job_id
-- reply 1 if it was there
local job = ARGV[1]
local info = redis.call('HGET', 'gw:job', job)
if not info then return 0 end
local order, model, owner = string.match(info, '^(%x+)|[^|]*|%d+|([^|]*)|(.*)$')
if redis.call('ZREM', 'gw:q:' .. model, order .. job) == 1 then
  local f = tonumber(redis.call('HGET', 'gw:f', owner) or '0')
  local v = tonumber(redis.call('GET', 'gw:v') or '0')
  if f - 1 > v then
    redis.call('HSET', 'gw:f', owner, string.format('%.17g', f - 1))
  else
    redis.call('HDEL', 'gw:f', owner)
  end
end
redis.call('ZREM', 'gw:leasing', job)
redis.call('HDEL', 'gw:leasing:score', job)
redis.call('HDEL', 'gw:job', job)
return 1
