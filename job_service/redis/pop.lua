-- Takes the jobs that are next, and remembers them as being leased.
--
-- ARGV  1 run_id of the server, 2 most jobs; then for each model: name, most jobs of it, "1" if
--       the model server has it loaded
-- reply job_id, model, score, job_id, model, score, ...
-- error QUEUE_NOT_REBUILT while this server has not been filled from the ledger
if redis.call('GET', 'gw:rebuilt') ~= ARGV[1] then
  return redis.error_reply('QUEUE_NOT_REBUILT')
end
-- How much older another model's head must be to make a model server load that model.
local patience_ms = 30000
local v = tonumber(redis.call('GET', 'gw:v') or '0')
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

local models = {}
for i = 3, #ARGV, 3 do
  models[#models + 1] = { name = ARGV[i], free = tonumber(ARGV[i + 1]), loaded = ARGV[i + 2] == '1' }
end

local function look(model)
  local head = redis.call('ZRANGE', 'gw:q:' .. model.name, 0, 0, 'WITHSCORES')
  if not head[1] then
    model.free = 0
    return
  end
  model.member, model.score = head[1], head[2]
  model.job = string.sub(head[1], 17)
  local info = redis.call('HGET', 'gw:job', model.job) or '0|0|0||'
  local enqueued, owner = string.match(info, '^%x+|[^|]*|(%d+)|[^|]*|(.*)$')
  model.enqueued, model.owner = tonumber(enqueued), owner
end
for _, model in ipairs(models) do look(model) end

local function best(loaded)
  local found
  for _, model in ipairs(models) do
    if model.free > 0 and model.loaded == loaded and
       (not found or tonumber(model.score) < tonumber(found.score)) then
      found = model
    end
  end
  return found
end

local reply = {}
for _ = 1, tonumber(ARGV[2]) do
  local warm, cold = best(true), best(false)
  local model = warm or cold
  if not model then break end
  if warm and cold and cold.enqueued + patience_ms < warm.enqueued then model = cold end

  redis.call('ZREM', 'gw:q:' .. model.name, model.member)
  redis.call('ZADD', 'gw:leasing', now, model.job)
  redis.call('HSET', 'gw:leasing:score', model.job, model.score)
  v = math.max(v + 1 / 16, tonumber(model.score))
  if tonumber(redis.call('HGET', 'gw:f', model.owner) or '0') <= v then
    redis.call('HDEL', 'gw:f', model.owner)
  end
  reply[#reply + 1] = model.job
  reply[#reply + 1] = model.name
  reply[#reply + 1] = model.score
  model.free = model.free - 1
  if model.free > 0 then look(model) end
end
if #reply > 0 then redis.call('SET', 'gw:v', string.format('%.17g', v)) end
return reply
