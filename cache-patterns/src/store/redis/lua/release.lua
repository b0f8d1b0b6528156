-- token → {0, now}
if not slot or slot.token ~= ARGV[1] or slot.kind == FENCE then return {0, now} end
if slot.kind == PENDING then
  -- The least version is kept, for the next one who loads.
  if slot.version == ZERO then
    redis.call('DEL', key)
  else
    put(new(FLOOR, slot.version), left())
  end
else
  slot.token, slot.deadline = FREE, ZERO
  put(slot, left())
end
return {0, now}
