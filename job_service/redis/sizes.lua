-- How many jobs wait, of each model that has any.
--
-- reply model, count, model, count, ...
local reply = {}
for _, model in ipairs(redis.call('SMEMBERS', 'gw:models')) do
  reply[#reply + 1] = model
  reply[#reply + 1] = redis.call('ZCARD', 'gw:q:' .. model)
end
return reply
