-- token, bytes, ttl (ms) → {0 stored | 1 lost | 2 older, now}
if not slot or slot.token ~= ARGV[1] or slot.kind == FENCE then return {1, now} end
local version = string.sub(ARGV[2], 9, 16)
if less(version, slot.version) and (slot.kind == PENDING or version ~= ZERO) then return {2, now} end
redis.call('SET', key, ARGV[2], 'PX', math.max(tonumber(ARGV[3]), 1))
return {0, now}
