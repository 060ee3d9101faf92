-- Requests of which no two are alike: what was read of one says nothing about the next.
local count = 0

request = function()
  count = count + 1
  wrk.headers["X-Sequence"] = tostring(count)
  return wrk.format("GET", wrk.path .. "?n=" .. count)
end
