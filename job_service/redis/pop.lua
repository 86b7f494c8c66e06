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
-- A model that no worker could serve for long does not keep the others waiting for all of it.
local most_behind = 32
-- Of the models with waiting jobs, so many are looked at: those whose turn is nearest. Each lease moves a
-- model's turn back by one, so the others come into sight.
local most_looked_at = 64
local now = string.format('%.0f', now_ms())
local u = tonumber(redis.call('GET', 'gw:u') or '0')

local names = {}
for i = 3, #ARGV, 3 do names[#names + 1] = ARGV[i] end
if #names == 0 then return {} end
local waiting = redis.call('SMISMEMBER', 'gw:models', unpack(names))

local function look(model)
  local head = redis.call('ZRANGE', 'gw:q:' .. model.name, 0, 0, 'WITHSCORES')
  if not head[1] then
    model.free = 0
    return
  end
  model.member, model.score = head[1], tonumber(head[2])
  model.job = string.sub(head[1], 17)
  model.info = info_of(model.job) or { bonus = 0, enqueued = 0, owner = '' }
end

local wanted = {}
for i, name in ipairs(names) do
  if waiting[i] == 1 then
    wanted[#wanted + 1] = { name = name, free = tonumber(ARGV[3 * i + 1]),
                            loaded = ARGV[3 * i + 2] == '1' }
  end
end
if #wanted == 0 then return {} end
local keys = {}
for i, model in ipairs(wanted) do keys[i] = model.name end
local turns = redis.call('HMGET', 'gw:turn', unpack(keys))
for i, model in ipairs(wanted) do model.turn = tonumber(turns[i] or '0') end

local models = {}
local function look_at(loaded)
  local these = {}
  for _, model in ipairs(wanted) do
    if model.loaded == loaded then these[#these + 1] = model end
  end
  if #these > most_looked_at then
    table.sort(these, function(a, b)
      if a.turn ~= b.turn then return a.turn < b.turn end
      return a.name < b.name
    end)
  end
  for i = 1, math.min(#these, most_looked_at) do
    look(these[i])
    models[#models + 1] = these[i]
  end
end
look_at(true)
look_at(false)

local function best(loaded)
  local found, found_key
  for _, model in ipairs(models) do
    if model.free > 0 and model.loaded == loaded then
      local key = math.max(model.turn, u - most_behind) - model.info.bonus
      if not found or key < found_key or (key == found_key and model.member < found.member) then
        found, found_key = model, key
      end
    end
  end
  return found
end

local reply = {}
for _ = 1, tonumber(ARGV[2]) do
  local warm, cold = best(true), best(false)
  local model = warm or cold
  if not model then break end
  if warm and cold and cold.info.enqueued + patience_ms < warm.info.enqueued then model = cold end

  local owner, start = model.info.owner, model.score + model.info.bonus
  leave(model.name, owner, model.member, start, false)
  redis.call('ZADD', 'gw:leasing', now, model.job)
  redis.call('HSET', 'gw:leasing:score', model.job, exact(model.score))

  local served = math.max(served_of(model.name), model.score)
  redis.call('HSET', 'gw:served', model.name, exact(served))
  redis.call('HSET', 'gw:clock', model.name, exact(math.max(clock_of(model.name), served)))
  redis.call('ZADD', 'gw:f:' .. model.name, 'GT', exact(start + 1), owner)
  redis.call('ZREMRANGEBYSCORE', 'gw:f:' .. model.name, '-inf', exact(served))

  local turn = math.max(model.turn, u - most_behind)
  u = math.max(u, turn)
  model.turn = turn + 1
  redis.call('SET', 'gw:u', exact(u))
  redis.call('HSET', 'gw:turn', model.name, exact(model.turn))
  forget_if_empty(model.name)

  reply[#reply + 1] = model.job
  reply[#reply + 1] = model.name
  reply[#reply + 1] = exact(model.score)
  model.free = model.free - 1
  if model.free > 0 then look(model) end
end
if #reply > 0 then redis.call('ZREMRANGEBYSCORE', 'gw:idle', '-inf', exact(u)) end
return reply
