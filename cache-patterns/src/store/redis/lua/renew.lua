-- token, lease (ms) → {1 extended | 0 lost, now}
if not slot or slot.token ~= ARGV[1] or slot.kind == FENCE then return {0, now} end
local lease = math.max(tonumber(ARGV[2]), 1)
local px = math.max(left(), lease)
slot.deadline = eight(now + lease)
put(slot, px)
return {1, now}
