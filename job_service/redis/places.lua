-- Where jobs stand in the queues of their models.
--
-- ARGV  job_id ...
-- reply for each: position from 1 (0: not waiting here), size of its queue
local reply = {}
local sizes = {}
for _, job in ipairs(ARGV) do
  local rank, size = false, 0
  local info = redis.call('HGET', 'gw:job', job)
  if info then
    local order, model = string.match(info, '^(%x+)|[^|]*|%d+|([^|]*)|')
    local queue = 'gw:q:' .. model
    rank = redis.call('ZRANK', queue, order .. job)
    sizes[model] = sizes[model] or redis.call('ZCARD', queue)
    size = sizes[model]
  end
  reply[#reply + 1] = rank and rank + 1 or 0
  reply[#reply + 1] = size
end
return reply
