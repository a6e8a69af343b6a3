// titanium: the globals Ti and Titanium, as far as that platform's sockets go
//
// Each part is loaded when a program first asks for it.

const { lazy } = require('internal/lazy');

function lazily(target, parts) {
    for (const name of Object.keys(parts))
        lazy(target, name, parts[name]);
    return target;
}

const { TiBuffer } = require('internal/titanium/buffer');

module.exports = lazily({
    createBuffer: (options) => new TiBuffer(options),
    Buffer: TiBuffer,
    Network: lazily({}, {
        Socket: () => require('internal/titanium/socket'),
    }),
    Platform: {
        // Asked each time: a machine may change its network.
        get address() {
            return binding.titanium.address();
        },
    },
}, {
    API: () => require('internal/titanium/api'),
    Codec: () => require('internal/titanium/codec').codec,
    Stream: () => require('internal/titanium/stream').stream,
});
