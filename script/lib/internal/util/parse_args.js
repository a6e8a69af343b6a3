/*
 * internal/util/parse_args - util.parseArgs: a command line as options and the
 * rest
 *
 * First tokens, one for each thing that was written (an option with its value,
 * a positional, the `--`), then the tokens are checked against what the
 * configuration knows, and stored.
 */
const { codes } = require('internal/errors');
const { validateArray, validateBoolean, validateObject, validateOneOf,
    validateString } = require('internal/validators');

function configuration(config) {
    const all = {
        args: config.args ?? defaultArguments(),
        options: config.options ?? {},
        strict: config.strict ?? true,
        allowPositionals: config.allowPositionals ??
            !(config.strict ?? true),
        allowNegative: config.allowNegative ?? false,
        tokens: config.tokens ?? false,
    };
    validateArray(all.args, 'args');
    for (const key of ['strict', 'allowPositionals', 'allowNegative',
        'tokens'])
        validateBoolean(all[key], key);
    validateObject(all.options, 'options');
    for (const [name, option] of Object.entries(all.options))
        validateOption(name, option);
    return all;
}

function defaultArguments() {
    const { argv, execArgv = [] } = process;
    const inCommand = execArgv.some((arg) => /^(?:-e|--eval|-p|--print)/
        .test(arg));
    return argv.slice(inCommand ? 1 : 2);
}

function validateOption(name, option) {
    const at = `options.${name}`;
    validateObject(option, at);
    validateOneOf(option.type, `${at}.type`, ['string', 'boolean']);
    if (option.short !== undefined) {
        validateString(option.short, `${at}.short`);
        if (option.short.length !== 1) {
            throw new codes.ERR_INVALID_ARG_VALUE(`${at}.short`, option.short,
                'must be a single character');
        }
    }
    if (option.multiple !== undefined)
        validateBoolean(option.multiple, `${at}.multiple`);
    if (option.default !== undefined)
        validateDefault(option, `${at}.default`);
}

function validateDefault({ type, multiple, default: value }, at) {
    const validate = type === 'string' ? validateString : validateBoolean;
    if (!multiple) {
        validate(value, at);
        return;
    }
    validateArray(value, at);
    value.forEach((each, i) => validate(each, `${at}[${i}]`));
}

/* ------------------------------------------------------------------ tokens */

class Tokenizer {
    constructor({ args, options }) {
        this.args = args;
        this.options = options;
        this.index = 0;
        this.tokens = [];
    }

    run() {
        while (this.index < this.args.length) {
            const arg = this.args[this.index];
            if (arg === '--') {
                this.tokens.push(
                    { kind: 'option-terminator', index: this.index });
                this.index++;
                this.rest();
            } else if (/^--./.test(arg)) {
                this.long(arg);
            } else if (/^-./.test(arg)) {
                this.short(arg);
            } else {
                this.positional();
            }
        }
        return this.tokens;
    }

    rest() {
        while (this.index < this.args.length)
            this.positional();
    }

    positional() {
        const { index } = this;
        this.tokens.push(
            { kind: 'positional', index, value: this.args[index] });
        this.index++;
    }

    /* A value in the same argument is inline, in the next one is not. */
    option(name, rawName, value, inlineValue = value === undefined ?
        undefined : true) {
        const { index } = this;
        let given = value;
        if (given === undefined && this.takesValue(name) &&
            this.args[index + 1] !== undefined) {
            this.index++;
            given = this.args[this.index];
            inlineValue = false;
        }
        this.tokens.push({ kind: 'option', name, rawName, index,
            value: given, inlineValue });
        this.index++;
    }

    takesValue(name) {
        return Object.hasOwn(this.options, name) &&
            this.options[name].type === 'string';
    }

    long(arg) {
        const at = arg.indexOf('=', 3);
        if (at === -1) {
            this.option(arg.slice(2), arg, undefined);
        } else {
            this.option(arg.slice(2, at), arg.slice(0, at),
                arg.slice(at + 1));
        }
    }

    /* -abc is -a -b -c, up to the first that takes a value: -ofile. */
    short(arg) {
        for (let i = 1; i < arg.length; i++) {
            const rawName = `-${arg[i]}`;
            const name = this.longName(arg[i]);
            if (this.takesValue(name) && i < arg.length - 1) {
                this.option(name, rawName, arg.slice(i + 1));
                return;
            }
            const { index } = this;
            this.option(name, rawName, undefined);
            if (i < arg.length - 1)
                this.index = index;
        }
    }

    longName(short) {
        const found = Object.entries(this.options)
            .find(([, option]) => option.short === short);
        return found === undefined ? short : found[0];
    }
}

/* ---------------------------------------------------------- their meanings */

class Result {
    constructor(config) {
        this.config = config;
        this.values = { __proto__: null };
        this.positionals = [];
    }

    take(token) {
        if (token.kind === 'positional')
            this.takePositional(token.value);
        else if (token.kind === 'option')
            this.takeOption(token);
    }

    takePositional(value) {
        if (!this.config.allowPositionals)
            throw new codes.ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(value);
        this.positionals.push(value);
    }

    takeOption(token) {
        const { options, strict, allowNegative } = this.config;
        let { name, value } = token;
        if (allowNegative && name.startsWith('no-') && value === undefined &&
            !Object.hasOwn(options, name) &&
            options[name.slice(3)]?.type === 'boolean') {
            name = name.slice(3);
            value = false;
        }
        if (strict)
            this.check(name, value, token);
        this.store(name, value ?? true);
    }

    check(name, value, { rawName, inlineValue }) {
        const { options, allowPositionals } = this.config;
        if (!Object.hasOwn(options, name)) {
            throw new codes.ERR_PARSE_ARGS_UNKNOWN_OPTION(rawName,
                allowPositionals);
        }
        const { short, type } = options[name];
        const shown = short ? `-${short}, --${name}` : `--${name}`;
        const wrong = codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE;
        if (type === 'string' && typeof value !== 'string') {
            throw new wrong(
                `Option '${shown} <value>' argument missing`);
        }
        if (type === 'boolean' && typeof value === 'string')
            throw new wrong(`Option '${shown}' does not take an argument`);
        if (inlineValue === false && value.length > 1 && value[0] === '-') {
            throw new wrong(`Option '${rawName}' argument is ambiguous.\n` +
                'Did you forget to specify the option argument for ' +
                `'${rawName}'?\nTo specify an option argument starting with ` +
                `a dash use '${rawName.startsWith('--') ? '' :
                    `--${name}=-XYZ' or '`}${rawName}${
                    rawName.startsWith('--') ? '=' : ''}-XYZ'.`);
        }
    }

    store(name, value) {
        if (name === '__proto__')
            return;
        if (this.config.options[name]?.multiple)
            (this.values[name] ??= []).push(value);
        else
            this.values[name] = value;
    }

    addDefaults() {
        const { options } = this.config;
        for (const [name, { default: value }] of Object.entries(options)) {
            if (value !== undefined && !Object.hasOwn(this.values, name))
                this.values[name] = value;
        }
    }
}

function parseArgs(config = {}) {
    validateObject(config, 'config');
    const all = configuration(config);
    const tokens = new Tokenizer(all).run();
    const result = new Result(all);
    tokens.forEach((token) => result.take(token));
    result.addDefaults();
    const { values, positionals } = result;
    return all.tokens ? { values, positionals, tokens } :
        { values, positionals };
}

module.exports = { parseArgs };
