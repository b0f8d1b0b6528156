-- token or '', 'value' | 'deleted' | 'abandoned' | 'unknown', version (8 bytes), bytes, ttl or keep (ms)
-- → {0 stored | 1 absent | 2 kept, now}
local token, how, version, px = ARGV[1], ARGV[2], ARGV[3], math.max(tonumber(ARGV[5]), 1)
local function store()
  redis.call('SET', key, ARGV[4], 'PX', px)
  return {0, now}
end
-- What is left in a slot that is to hold no value.
local function tombstone(least, life)
  if how == 'deleted' then
    least, life = newer(version, least), math.max(life, px)
  end
  if least ~= ZERO and life > 0 then
    put(new(FLOOR, least), life)
  else
    redis.call('DEL', key)
  end
  return {1, now}
end
if not slot then return tombstone(ZERO, 0) end
if slot.kind == FENCE then
  local life, payload, held, expires = left(), '', false, 0
  for at = 1, #slot.payload - RECORD + 1, RECORD do
    local record = string.sub(slot.payload, at, at + RECORD - 1)
    if token ~= '' and string.sub(record, 1, 16) == token then held = true end
    if how == 'unknown' or string.sub(record, 1, 16) ~= token then
      payload = payload .. record
      expires = math.max(expires, number(string.sub(record, 17, 24)))
    end
  end
  local before = slot.version
  local tainted = math.floor(slot.flags / TAINTED) % 2 == 1
  if payload ~= '' then
    slot.payload, slot.version = payload, newer(before, version)
    -- A writer without a fence of its own may have committed what the others know nothing of.
    if how == 'unknown' and not held and not tainted then slot.flags = slot.flags + TAINTED end
    if expires > now then put(slot, expires - now) else redis.call('DEL', key) end
    return {1, now}
  end
  if how == 'value' and version ~= ZERO and not less(version, before) and not tainted then return store() end
  return tombstone(newer(before, version), life)
end
if how == 'abandoned' then return {2, now} end
if slot.kind == PENDING or slot.kind == FLOOR then
  return tombstone(slot.version, left())
end
if slot.kind == VALUE and version ~= ZERO and not less(slot.version, version) then return {2, now} end
if how == 'value' and slot.kind == VALUE and version ~= ZERO and slot.version ~= ZERO then return store() end
return tombstone(ZERO, 0)
