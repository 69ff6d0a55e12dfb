"""What Rails does with secrets: encrypted columns, passwords, signed cookies, the push keys. By the system's own libraries."""
import base64
import ctypes
import functools
import hashlib
import hmac
import json
import os

from passwords import password_fits, password_hash, rsa_pair  # noqa: F401, for who imports them from here

crypto = ctypes.CDLL("libcrypto.so.3")
for name in ("EVP_aes_256_gcm", "EVP_CIPHER_CTX_new"):
    getattr(crypto, name).restype = ctypes.c_void_p


class DecryptionError(Exception):
    def __str__(self):
        return "ActiveRecord::Encryption::Errors::Decryption"


# --- encrypted columns: AES-256-GCM, the key by PBKDF2 from key and salt, as Active Record writes them ---

@functools.lru_cache
def column_key():
    env = os.environ
    return hashlib.pbkdf2_hmac("sha256", env["ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY"].encode(),
                               env["ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT"].encode(), 1 << 16, 32)


def gcm(data, iv, tag=None):
    """Encrypts, or decrypts when there is a tag to compare with; returns data and tag, or None."""
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, size, encrypt = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int(), int(tag is None)
    mac = ctypes.create_string_buffer(tag or b"", 16)
    try:
        crypto.EVP_CipherInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, column_key(), iv, encrypt)
        if tag is not None:
            crypto.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, mac)
        crypto.EVP_CipherUpdate(context, out, ctypes.byref(size), data, len(data))
        if crypto.EVP_CipherFinal_ex(context, ctypes.byref(out, size.value), ctypes.byref(ctypes.c_int())) != 1:
            return None
        if tag is None:
            crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, mac)
        return out.raw[:size.value], mac.raw
    finally:
        crypto.EVP_CIPHER_CTX_free(context)


def encrypt(text):
    iv = os.urandom(12)
    data, tag = gcm(text.encode(), iv)
    p, iv, at = (base64.b64encode(x).decode() for x in (data, iv, tag))
    return json.dumps({"p": p, "h": {"iv": iv, "at": at}}, separators=(",", ":"))


def decrypt(message):
    try:
        message = json.loads(message)
        data, iv, tag = (base64.b64decode(x) for x in (message["p"], message["h"]["iv"], message["h"]["at"]))
    except (ValueError, KeyError, TypeError):
        raise DecryptionError from None
    result = gcm(data, iv, tag)
    if result is None:
        raise DecryptionError
    return result[0].decode()


# --- cookies and forms: what SECRET_KEY_BASE is for ---

def signed(text):
    mark = hmac.new(os.environ["SECRET_KEY_BASE"].encode(), text.encode(), "sha256").hexdigest()
    return base64.urlsafe_b64encode(text.encode()).decode() + "--" + mark


def signed_text(value):
    """The text of a value that we signed, or None."""
    try:
        text = base64.urlsafe_b64decode(value.partition("--")[0]).decode()
    except ValueError:
        return None
    return text if hmac.compare_digest(signed(text), value) else None


# --- the keys of web push: a point of P-256 ---

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def vapid_fits(private, public):
    """Whether both are base64url of 32 and of 65 bytes, and of one pair."""
    try:
        d, q = (base64.b64decode(x + "=" * (-len(x) % 4), "-_", validate=True) for x in (private, public))
    except ValueError:
        return False
    if len(d) != 32 or len(q) != 65 or q[0] != 4:
        return False
    number, point, sum_ = int.from_bytes(d, "big"), G, None
    while number:
        sum_ = add(sum_, point) if number & 1 else sum_
        point, number = add(point, point), number >> 1
    return sum_ == (int.from_bytes(q[1:33], "big"), int.from_bytes(q[33:], "big"))
