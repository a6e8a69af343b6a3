/*
 * DOMException: the error of web interfaces, told apart by `name`. The number
 * in `code` is from the days before there were names; a name that is younger
 * has none, and neither have numbers that went out of use a name.
 */

const { codes } = require('internal/errors');

/* In the order of their numbers, from 1. */
const constants = [
    ['INDEX_SIZE_ERR', 'IndexSizeError'],
    ['DOMSTRING_SIZE_ERR'],
    ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
    ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'],
    ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'],
    ['NO_DATA_ALLOWED_ERR'],
    ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'],
    ['NOT_FOUND_ERR', 'NotFoundError'],
    ['NOT_SUPPORTED_ERR', 'NotSupportedError'],
    ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'],
    ['INVALID_STATE_ERR', 'InvalidStateError'],
    ['SYNTAX_ERR', 'SyntaxError'],
    ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'],
    ['NAMESPACE_ERR', 'NamespaceError'],
    ['INVALID_ACCESS_ERR', 'InvalidAccessError'],
    ['VALIDATION_ERR'],
    ['TYPE_MISMATCH_ERR', 'TypeMismatchError'],
    ['SECURITY_ERR', 'SecurityError'],
    ['NETWORK_ERR', 'NetworkError'],
    ['ABORT_ERR', 'AbortError'],
    ['URL_MISMATCH_ERR', 'URLMismatchError'],
    ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'],
    ['TIMEOUT_ERR', 'TimeoutError'],
    ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'],
    ['DATA_CLONE_ERR', 'DataCloneError'],
];

let nameOf;

class DOMException extends Error {
    #name;

    constructor(message = '', options = 'Error') {
        const named = typeof options === 'object' && options !== null;
        super(`${message}`, named && 'cause' in options ?
            { cause: options.cause } : undefined);
        this.#name = `${named ? options.name ?? 'Error' : options}`;
    }

    static {
        nameOf = (value) => {
            if (typeof value !== 'object' || value === null ||
                !(#name in value))
                throw new codes.ERR_INVALID_THIS('DOMException');
            return value.#name;
        };
    }

    get name() {
        return nameOf(this);
    }

    get code() {
        const name = nameOf(this);
        return constants.findIndex((each) => each[1] === name) + 1;
    }
}

for (const name of ['name', 'code'])
    Object.defineProperty(DOMException.prototype, name, { enumerable: true });
Object.defineProperty(DOMException.prototype, Symbol.toStringTag, {
    configurable: true, value: 'DOMException',
});
constants.forEach(([name], index) => {
    const constant = { value: index + 1, enumerable: true };
    Object.defineProperty(DOMException, name, constant);
    Object.defineProperty(DOMException.prototype, name, constant);
});

module.exports = { DOMException };
