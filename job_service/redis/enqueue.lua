-- Adds jobs to the queues of their models, and wakes who waits for them.
--
-- ARGV  1 run_id of the server, 2 "1" while rebuilding, else "0"; then for each job
--       job_id, order (16 hexadecimal digits), model, owner, bonus of its priority, score or ""
-- reply how many were added; those that wait or are being leased already are left alone
-- error QUEUE_NOT_REBUILT while this server has not been filled from the ledger
--
-- Keys (one server, no cluster, so they are made here):
--   gw:q:<model>      sorted set of <order><job_id>: the serving order
--   gw:job            hash: job_id -> order|bonus|enqueued ms|model|owner, while waiting or leasing
--   gw:leasing        sorted set of job_id by the time it was popped
--   gw:leasing:score  hash: job_id -> the score it was popped with
--   gw:v              V, the virtual time;  gw:f  hash: owner -> F, the end of its last job
--   gw:models         set of models;  gw:rebuilt  run_id of the server that was filled
if ARGV[2] ~= '1' and redis.call('GET', 'gw:rebuilt') ~= ARGV[1] then
  return redis.error_reply('QUEUE_NOT_REBUILT')
end
local v = tonumber(redis.call('GET', 'gw:v') or '0')
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local added = 0
for i = 3, #ARGV, 6 do
  local job, order, model, owner, bonus, score =
    ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local info = order .. '|' .. bonus .. '|' .. now .. '|' .. model .. '|' .. owner
  if redis.call('HSETNX', 'gw:job', job, info) == 1 then
    if score == '' then
      local start = math.max(v, tonumber(redis.call('HGET', 'gw:f', owner) or '0'))
      redis.call('HSET', 'gw:f', owner, string.format('%.17g', start + 1))
      score = string.format('%.17g', start - tonumber(bonus))
    end
    redis.call('ZADD', 'gw:q:' .. model, score, order .. job)
    redis.call('SADD', 'gw:models', model)
    redis.call('PUBLISH', 'gw:wake', model)
    added = added + 1
  end
end
return added
