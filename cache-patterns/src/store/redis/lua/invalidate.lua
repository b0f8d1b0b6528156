-- 'hard' | 'soft' | 'floor', version (8 bytes), keep (ms) → {0, now}
local how, version, keep = ARGV[1], ARGV[2], math.max(tonumber(ARGV[3]), 1)
if not slot then
  if how == 'floor' then put(new(FLOOR, version), keep) else redis.call('DEL', key) end
  return {0, now}
end
if slot.kind == FENCE then
  -- What a writer under the fence has read may be older than what this invalidation is about.
  if math.floor(slot.flags / TAINTED) % 2 == 0 then slot.flags = slot.flags + TAINTED end
  if how == 'floor' then slot.version = newer(slot.version, version) end
  put(slot, left())
  return {0, now}
end
local answer = slot.kind == VALUE or slot.kind == NEGATIVE
if how == 'floor' then
  local least, px = answer and ZERO or slot.version, keep
  if least ~= ZERO then px = math.max(px, left()) end
  put(new(FLOOR, newer(version, least)), px)
elseif how == 'soft' and (slot.kind == VALUE or slot.kind == SOFT) then
  slot.kind, slot.token, slot.deadline, slot.soft = SOFT, FREE, ZERO, ZERO
  put(slot, left())
elseif (slot.kind == PENDING or slot.kind == FLOOR) and slot.version ~= ZERO then
  put(new(FLOOR, slot.version), left())
else
  redis.call('DEL', key)
end
return {0, now}
