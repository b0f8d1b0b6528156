-- counter, log; channel, '', 'PUBLISH' | 'SPUBLISH', '' → number
local number = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call(ARGV[3], ARGV[1], string.format('%.0f', number))
return number
