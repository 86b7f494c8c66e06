-- The serving order: what the scripts that change it share. docs/queue.md explains and proves it.
--
-- Keys (one server, no cluster, so they are made here):
--   gw:q:<model>      sorted set of <order><job_id> by score: the serving order
--   gw:job            hash: job_id -> order|bonus|enqueued ms|model|owner, while waiting or leasing
--   gw:leasing        sorted set of job_id by the time it was popped
--   gw:leasing:score  hash: job_id -> the score it was popped with
--   gw:models         set of the models that have waiting jobs; only they have the next four
--   gw:served         hash: model -> P, the place that is being served
--   gw:clock          hash: model -> V, where newcomers line up; at least P
--   gw:f:<model>      sorted set of owner by F, the end of what was served last, where F > P
--   gw:o:<model>      hash: owner -> start of its last waiting job|how many wait
--   gw:turn           hash: model with waiting jobs -> its turn;  gw:idle  sorted set of others by
--                     turn, where that is > U;  gw:u  U, the virtual time among models
--   gw:rebuilt        run_id of the server that was filled
--
-- Times are numbers of jobs and multiples of 1/16, so doubles hold them exactly up to 2^49.

local function exact(number) return string.format('%.17g', number) end

local function served_of(model) return tonumber(redis.call('HGET', 'gw:served', model) or '0') end
local function clock_of(model) return tonumber(redis.call('HGET', 'gw:clock', model) or '0') end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function info_of(job)
  local info = redis.call('HGET', 'gw:job', job)
  if not info then return nil end
  local order, bonus, enqueued, model, owner =
    string.match(info, '^(%x+)|([^|]*)|(%d+)|([^|]*)|(.*)$')
  return { order = order, bonus = tonumber(bonus), enqueued = tonumber(enqueued), model = model,
           owner = owner }
end

-- The start of the owner's last waiting job of the model, nil if none waits; how many wait.
local function waiting_of(model, owner)
  local kept = redis.call('HGET', 'gw:o:' .. model, owner)
  if not kept then return nil, 0 end
  local last, count = string.match(kept, '^([^|]*)|(%d+)$')
  return tonumber(last), tonumber(count)
end

-- A job begins to wait at `score`; `start` is its score without the bonus.
local function enter(model, owner, member, score, start)
  redis.call('ZADD', 'gw:q:' .. model, exact(score), member)
  local last, count = waiting_of(model, owner)
  redis.call('HSET', 'gw:o:' .. model, owner,
             exact(math.max(last or start, start)) .. '|' .. count + 1)
  if redis.call('SADD', 'gw:models', model) == 1 then
    local turn = math.max(tonumber(redis.call('GET', 'gw:u') or '0'),
                          tonumber(redis.call('ZSCORE', 'gw:idle', model) or '0'))
    redis.call('ZREM', 'gw:idle', model)
    redis.call('HSET', 'gw:turn', model, exact(turn))
  end
end

-- A job waits no more: it was popped, or, if `given_back`, the next of the owner may have its place.
local function leave(model, owner, member, start, given_back)
  redis.call('ZREM', 'gw:q:' .. model, member)
  local last, count = waiting_of(model, owner)
  if count <= 1 then
    redis.call('HDEL', 'gw:o:' .. model, owner)
  else
    if given_back and last == start then last = last - 1 end
    redis.call('HSET', 'gw:o:' .. model, owner, exact(last) .. '|' .. count - 1)
  end
end

-- A model whose last waiting job left is forgotten but for its turn: where nobody waits, all are
-- equal.
local function forget_if_empty(model)
  if redis.call('EXISTS', 'gw:q:' .. model) == 1 then return end
  redis.call('SREM', 'gw:models', model)
  redis.call('HDEL', 'gw:served', model)
  redis.call('HDEL', 'gw:clock', model)
  redis.call('DEL', 'gw:f:' .. model, 'gw:o:' .. model)
  local turn = redis.call('HGET', 'gw:turn', model) or '0'
  redis.call('HDEL', 'gw:turn', model)
  if tonumber(turn) > tonumber(redis.call('GET', 'gw:u') or '0') then
    redis.call('ZADD', 'gw:idle', turn, model)
  end
end

-- A job, waiting or being leased, moves to where it would stand with another bonus.
local function move(job, info, bonus)
  local member, queue = info.order .. job, 'gw:q:' .. info.model
  local score = redis.call('ZSCORE', queue, member)
  if score then
    redis.call('ZADD', queue, exact(tonumber(score) + info.bonus - bonus), member)
  else
    score = redis.call('HGET', 'gw:leasing:score', job)
    if score then
      redis.call('HSET', 'gw:leasing:score', job, exact(tonumber(score) + info.bonus - bonus))
    end
  end
  redis.call('HSET', 'gw:job', job, info.order .. '|' .. bonus .. '|' ..
             string.format('%.0f', info.enqueued) .. '|' .. info.model .. '|' .. info.owner)
end
