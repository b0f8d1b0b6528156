-- One slot, KEYS[1], as `slot.rs` knows it. Every script begins with this; the scripts do what the functions of the same
-- names do there, and a differential test holds them together.
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local FREE, ZERO = string.rep('\0', 16), string.rep('\0', 8)
local VALUE, NEGATIVE, PENDING, SOFT, FENCE, FLOOR = 1, 2, 3, 4, 5, 6
local TAINTED, RECORD, MOST = 32, 24, 8

-- Times fit a double; versions may not, and are only ever compared as bytes in two halves.
local function number(s)
  local high, low = struct.unpack('>I4I4', s)
  return high * 4294967296 + low
end
local function eight(n)
  return struct.pack('>I4I4', math.floor(n / 4294967296), n % 4294967296)
end
local function less(a, b)
  local ah, al = struct.unpack('>I4I4', a)
  local bh, bl = struct.unpack('>I4I4', b)
  return ah < bh or (ah == bh and al < bl)
end
local function newer(a, b)
  if less(a, b) then return b end
  return a
end

-- A key of another type, or bytes of somebody else, are taken for an empty slot.
local raw = redis.pcall('GET', key)
local slot = nil
if type(raw) == 'string' and #raw >= 56 and string.sub(raw, 1, 2) == 'C1' then
  local kind = string.byte(raw, 3)
  if kind >= VALUE and kind <= FLOOR then
    slot = {
      kind = kind, flags = string.byte(raw, 4), middle = string.sub(raw, 5, 8), version = string.sub(raw, 9, 16),
      soft = string.sub(raw, 17, 24), rest = string.sub(raw, 25, 32), token = string.sub(raw, 33, 48),
      deadline = string.sub(raw, 49, 56), payload = string.sub(raw, 57),
    }
  end
end

local function new(kind, version)
  return {
    kind = kind, flags = 0, middle = '\0\0\0\0', version = version or ZERO, soft = ZERO, rest = ZERO, token = FREE,
    deadline = ZERO, payload = '',
  }
end
local function put(s, px)
  local bytes = 'C1' .. string.char(s.kind, s.flags) .. s.middle .. s.version .. s.soft .. s.rest .. s.token
    .. s.deadline .. s.payload
  redis.call('SET', key, bytes, 'PX', string.format('%.0f', math.max(px, 1)))
end
-- What is left of the entry's life, in milliseconds.
local function left()
  return math.max(redis.call('PTTL', key), 0)
end
local function leased()
  return slot.token ~= FREE and now < number(slot.deadline)
end
