-- token, lease (ms), fingerprint (4 bytes), least version (8 bytes), refresh ('1' or '0')
-- → {0 granted | 1 busy | 2 fenced | 3 fresh, remaining (ms), bytes, now}
local token, lease, least = ARGV[1], math.max(tonumber(ARGV[2]), 1), ARGV[4]
local function pending(version, px)
  local s = new(PENDING, version)
  s.token, s.deadline = token, eight(now + lease)
  put(s, px)
end
if not slot then
  pending(ZERO, lease)
  return {0, 0, '', now}
end
if slot.kind == PENDING or slot.kind == FLOOR then
  if leased() then return {1, number(slot.deadline) - now, '', now} end
  -- The least version stays known for as long as it was to be.
  pending(slot.version, slot.version ~= ZERO and math.max(left(), lease) or lease)
  return {0, 0, '', now}
end
if slot.kind == FENCE then
  local last = now + 1
  for at = 1, #slot.payload - RECORD + 1, RECORD do
    last = math.max(last, number(string.sub(slot.payload, at + 16, at + 23)))
  end
  return {2, last - now, '', now}
end
local accepted = (slot.kind == VALUE or slot.kind == NEGATIVE) and now < number(slot.soft)
  and slot.middle == ARGV[3] and not less(slot.version, least)
if accepted and ARGV[5] == '0' then return {3, 0, raw, now} end
if leased() then return {1, number(slot.deadline) - now, raw, now} end
local px = math.max(left(), lease)
slot.token, slot.deadline = token, eight(now + lease)
put(slot, px)
return {0, 0, raw, now}
