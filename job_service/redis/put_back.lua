-- Puts jobs that were being leased back to their old places.
--
-- ARGV  1 0, then job_id ...; or 1 an age in ms: all that have been leasing for longer
-- reply how many were put back
local jobs = {}
if tonumber(ARGV[1]) > 0 then
  local time = redis.call('TIME')
  local before = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
  jobs = redis.call('ZRANGEBYSCORE', 'gw:leasing', '-inf', string.format('(%.0f', before))
else
  for i = 2, #ARGV do jobs[#jobs + 1] = ARGV[i] end
end
local count = 0
for _, job in ipairs(jobs) do
  if redis.call('ZREM', 'gw:leasing', job) == 1 then
    local score = redis.call('HGET', 'gw:leasing:score', job)
    local info = redis.call('HGET', 'gw:job', job)
    redis.call('HDEL', 'gw:leasing:score', job)
    if score and info then
      local order, model = string.match(info, '^(%x+)|[^|]*|%d+|([^|]*)|')
      redis.call('ZADD', 'gw:q:' .. model, score, order .. job)
      count = count + 1
    end
  end
end
return count
