-- Forgets jobs that were being leased: their leases are committed, or they no longer wait.
--
-- ARGV  job_id ...
-- reply how many were being leased
local count = 0
for _, job in ipairs(ARGV) do
  count = count + redis.call('ZREM', 'gw:leasing', job)
  redis.call('HDEL', 'gw:leasing:score', job)
  redis.call('HDEL', 'gw:job', job)
end
return count
