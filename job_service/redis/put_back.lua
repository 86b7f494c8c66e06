-- Puts jobs that were being leased back to their old places.
--
-- ARGV  1 0, then job_id ...; or 1 an age in ms: all that have been leasing for longer
-- reply how many were put back
local jobs = {}
if tonumber(ARGV[1]) > 0 then
  -- What seems to have been popped after now was popped before the server's clock was set back.
  local now, age = now_ms(), tonumber(ARGV[1])
  jobs = redis.call('ZRANGEBYSCORE', 'gw:leasing', '-inf', string.format('(%.0f', now - age))
  for _, job in ipairs(redis.call('ZRANGEBYSCORE', 'gw:leasing',
                                  string.format('(%.0f', now + age), '+inf')) do
    jobs[#jobs + 1] = job
  end
else
  for i = 2, #ARGV do jobs[#jobs + 1] = ARGV[i] end
end
local count = 0
for _, job in ipairs(jobs) do
  if redis.call('ZREM', 'gw:leasing', job) == 1 then
    local score = tonumber(redis.call('HGET', 'gw:leasing:score', job))
    local info = info_of(job)
    redis.call('HDEL', 'gw:leasing:score', job)
    if score and info then
      score = math.min(score, served_of(info.model))
      enter(info.model, info.owner, info.order .. job, score, score + info.bonus)
      count = count + 1
    end
  end
end
return count
