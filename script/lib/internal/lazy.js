// internal/lazy: a property that is made when it is first read
//
// It then becomes a plain one, unless the program has frozen or sealed its
// object before: then it stays an accessor, of one value.

function become(target, name, value, enumerable) {
    return Reflect.defineProperty(target, name, {
        configurable: true, enumerable, writable: true, value,
    });
}

function lazy(target, name, make, enumerable = true) {
    let made = false;
    let value;

    Object.defineProperty(target, name, {
        configurable: true,
        enumerable,
        get() {
            if (!made) {
                value = make();
                made = true;
                become(target, name, value, enumerable);
            }
            return value;
        },
        set(next) {
            if (become(target, name, next, enumerable) ||
                Object.isFrozen(target))
                return;
            value = next;
            made = true;
        },
    });
}

module.exports = { lazy };
