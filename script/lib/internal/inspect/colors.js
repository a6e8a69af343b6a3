/*
 * internal/inspect/colors - inspect.colors and inspect.styles
 *
 * The codes that switch a colour on and off, and the colour of each kind of
 * value. Programs may change both, and add to them.
 */
const colors = Object.assign(Object.create(null), {
    reset: [0, 0],
    bold: [1, 22],
    dim: [2, 22],
    italic: [3, 23],
    underline: [4, 24],
    blink: [5, 25],
    inverse: [7, 27],
    hidden: [8, 28],
    strikethrough: [9, 29],
    doubleunderline: [21, 24],
});

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan',
    'white'];

function addColors(first, last, nameOf) {
    for (let i = 0; i < COLORS.length; i++)
        colors[nameOf(COLORS[i])] = [first + i, last];
}

function capital(word) {
    return Strings.toUpperCase(word[0]) + Strings.slice(word, 1);
}

addColors(30, 39, (color) => color);
addColors(40, 49, (color) => `bg${capital(color)}`);
colors.framed = [51, 54];
colors.overlined = [53, 55];
// Bright black is grey.
addColors(90, 39, (color) => color === 'black' ? 'gray' : `${color}Bright`);
addColors(100, 49, (color) => color === 'black' ? 'bgGray' :
    `bg${capital(color)}Bright`);

function alias(name, target) {
    Object.defineProperty(colors, name, {
        get() {
            return this[target];
        },
        set(value) {
            this[target] = value;
        },
        configurable: true,
        enumerable: false,
    });
}

alias('grey', 'gray');
alias('blackBright', 'gray');
alias('bgGrey', 'bgGray');
alias('bgBlackBright', 'bgGray');
alias('faint', 'dim');
alias('crossedout', 'strikethrough');
alias('strikeThrough', 'strikethrough');
alias('crossedOut', 'strikethrough');
alias('conceal', 'hidden');
alias('inverted', 'inverse');
alias('swapcolors', 'inverse');
alias('swapColors', 'inverse');
alias('doubleUnderline', 'doubleunderline');

const styles = Object.assign(Object.create(null), {
    special: 'cyan',
    number: 'yellow',
    bigint: 'yellow',
    boolean: 'yellow',
    undefined: 'grey',
    null: 'bold',
    string: 'green',
    symbol: 'green',
    date: 'magenta',
    // name is left as it is, on purpose
    regexp: 'red',
    module: 'underline',
});

module.exports = { colors, styles };
