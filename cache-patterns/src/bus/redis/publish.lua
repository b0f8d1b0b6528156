-- counter, log; channel, body, 'PUBLISH' | 'SPUBLISH', entries to keep in the log (0: none) → number
-- The number is given out and sent in one step, so that numbers arrive in order. A counter that was lost begins anew at
-- the server's microseconds, past every number before: from zero it could come to the very number that a subscriber
-- knows, and hide from it what was sent meanwhile.
if redis.call('EXISTS', KEYS[1]) == 0 then
  local time = redis.call('TIME')
  redis.call('SET', KEYS[1], string.format('%.0f', tonumber(time[1]) * 1000000 + tonumber(time[2])))
end
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
