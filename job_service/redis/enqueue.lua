-- Adds jobs to the queues of their models, and wakes who waits for them.
--
-- ARGV  1 run_id of the server, 2 "1" while rebuilding, else "0"; then for each job
--       job_id, order (16 hexadecimal digits), model, owner, bonus of its priority, score or ""
-- reply how many were added; those that wait or are being leased already keep their places, but for
--       a priority that changed
-- error QUEUE_NOT_REBUILT while this server has not been filled from the ledger
if ARGV[2] ~= '1' and redis.call('GET', 'gw:rebuilt') ~= ARGV[1] then
  return redis.error_reply('QUEUE_NOT_REBUILT')
end
-- More wake-ups than a replica has waiting polls only cost.
local most_wakes = 32
local now = string.format('%.0f', now_ms())
local added = 0
local wakes = {}
for i = 3, #ARGV, 6 do
  local job, order, model, owner, bonus, score =
    ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  local info = order .. '|' .. bonus .. '|' .. now .. '|' .. model .. '|' .. owner
  if redis.call('HSETNX', 'gw:job', job, info) == 1 then
    local start
    if score then
      -- A place of an earlier time that was forgotten may lie far ahead of this one.
      score = math.min(score, served_of(model))
      start = score + bonus
    else
      local last = waiting_of(model, owner)
      start = tonumber(redis.call('ZSCORE', 'gw:f:' .. model, owner) or '0')
      if last then
        start = math.max(start, last + 1, served_of(model))
      else
        local v = clock_of(model)
        if start <= v then
          start = v
          redis.call('HSET', 'gw:clock', model, exact(v + 1 / 16))
        end
      end
      score = start - bonus
    end
    enter(model, owner, order .. job, score, start)
    wakes[model] = (wakes[model] or 0) + 1
    added = added + 1
  else
    local kept = info_of(job)
    if kept and kept.bonus ~= bonus then move(job, kept, bonus) end
  end
end
if ARGV[2] ~= '1' then
  for model, count in pairs(wakes) do
    for _ = 1, math.min(count, most_wakes) do redis.call('PUBLISH', 'gw:wake', model) end
  end
end
return added
