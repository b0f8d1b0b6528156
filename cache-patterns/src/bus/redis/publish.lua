-- counter, log; channel, body, 'PUBLISH' | 'SPUBLISH', entries to keep in the log (0: none) → number
-- The number is given out and sent in one step, so that numbers arrive in order.
local number = redis.call('INCR', KEYS[1])
if ARGV[4] ~= '0' then
  local id = string.format('%.0f-0', number)
  local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], id, 'b', ARGV[2])
  if type(added) == 'table' and added.err then
    -- The counter was lost and begins anew; what is in the log belongs to the old one.
    redis.call('DEL', KEYS[2])
    redis.call('XADD', KEYS[2], id, 'b', ARGV[2])
  end
end
redis.call(ARGV[3], ARGV[1], string.format('%.0f ', number) .. ARGV[2])
return number
