-- token, budget (ms) → {0, now}
local deadline = now + math.max(tonumber(ARGV[2]), 1)
local fence = new(FENCE, slot and slot.version or ZERO)
local records = {}
if slot and slot.kind == FENCE then
  fence.flags = slot.flags
  for at = 1, #slot.payload - RECORD + 1, RECORD do
    table.insert(records, { string.sub(slot.payload, at, at + 15), number(string.sub(slot.payload, at + 16, at + 23)) })
  end
end
if #records < MOST then
  table.insert(records, { ARGV[1], deadline })
else
  -- The last record stands for all that follow, and belongs to nobody.
  local last = records[#records]
  last[1], last[2] = string.rep('\255', 16), math.max(last[2], deadline)
end
local expires = 0
for _, record in ipairs(records) do
  fence.payload = fence.payload .. record[1] .. eight(record[2])
  expires = math.max(expires, record[2])
end
put(fence, expires - now)
return {0, now}
