-- unique.lua: for wrk: every request carries an id of its own, mixed so that ids come in no order.
--
--     wrk ... -s unique.lua http://HOST:PORT -- TEMPLATE PREFIX THREADS [KNOWN]
--
-- TEMPLATE is the target with "@" where the id belongs; an id is PREFIX and 8 hex digits, made of
-- the numbers from 0 on, as bench_load.c makes them.  THREADS is what -t says and keeps the threads
-- apart.  With KNOWN the first so many come shuffled, so that clicks which were registered one
-- after the other are not asked for in that order.
-- The last line of the output is for bench/run.py:
--     result REQUESTS MICROSECONDS ERRORS: connect read write timeout status

local bit = require("bit")
local tohex, tobit, band, bxor = bit.tohex, bit.tobit, bit.band, bit.bxor
local lshift, rshift = bit.lshift, bit.rshift

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

-- The low 32 bits of a product; a double alone would lose them.
local function mul(a, b)
    return tobit(band(a, 0xffff) * b + lshift(tobit(rshift(a, 16) * b), 16))
end

local function mix(n)
    n = bxor(n, rshift(n, 16))
    n = mul(n, 0x7feb352d)
    n = bxor(n, rshift(n, 15))
    n = mul(n, 0x46ca68b5)
    return bxor(n, rshift(n, 16))
end

local parts, prefix, step, known, count

function init(args)
    local text = "GET " .. args[1] .. " HTTP/1.1\r\n"
    for name, value in pairs(wrk.headers) do text = text .. name .. ": " .. value .. "\r\n" end
    parts = {}
    for part in (text .. "\r\n@"):gmatch("([^@]*)@") do parts[#parts + 1] = part end
    prefix, step, known, count = args[2], tonumber(args[3]), tonumber(args[4] or 0), number
end

function request()
    local n = count < known and count * 7919 % known or count
    count = count + step
    return table.concat(parts, prefix .. tohex(mix(n)))
end

function done(summary)
    local e = summary.errors
    io.write(string.format("result %d %d %d %d %d %d %d\n", summary.requests, summary.duration,
                           e.connect, e.read, e.write, e.timeout, e.status))
end
