"""Keys and passwords as Rails applications have them, by the system's own libraries."""
import ctypes
import hmac
import os

crypto = ctypes.CDLL("libcrypto.so.3")
libcrypt = ctypes.CDLL("libcrypt.so.1")
for name in ("EVP_PKEY_Q_keygen", "BIO_new", "BIO_s_mem", "BIO_new_mem_buf", "PEM_read_bio_PrivateKey"):
    getattr(crypto, name).restype = ctypes.c_void_p
libcrypt.crypt.restype = ctypes.c_char_p


def rsa_pair(bits=2048):
    """A new RSA key: private and public, as PEM."""
    key = ctypes.c_void_p(crypto.EVP_PKEY_Q_keygen(None, None, b"RSA", ctypes.c_size_t(bits)))
    pair = []
    for write, rest in ((crypto.PEM_write_bio_PrivateKey, (None, None, 0, None, None)), (crypto.PEM_write_bio_PUBKEY, ())):
        bio = ctypes.c_void_p(crypto.BIO_new(ctypes.c_void_p(crypto.BIO_s_mem())))
        write(bio, key, *rest)
        buffer = ctypes.create_string_buffer(8192)
        size = crypto.BIO_read(bio, buffer, 8192)
        pair.append(buffer.raw[:size].decode())
        crypto.BIO_free(bio)
    crypto.EVP_PKEY_free(key)
    return pair


def is_private_key(text):
    data = text.encode()  # the library reads it in place
    bio = ctypes.c_void_p(crypto.BIO_new_mem_buf(data, len(data)))
    key = ctypes.c_void_p(crypto.PEM_read_bio_PrivateKey(bio, None, None, None))
    crypto.BIO_free(bio)
    crypto.EVP_PKEY_free(key)
    return bool(key.value)


# --- passwords: bcrypt, as Devise writes them ---

def password_hash(password):
    letters = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    salt = "".join(letters[b & 63] for b in os.urandom(21)) + "."
    return libcrypt.crypt(password.encode(), b"$2a$10$" + salt.encode()).decode()


def password_fits(password, stored):
    return hmac.compare_digest(libcrypt.crypt(password.encode(), stored.encode()) or b"", stored.encode())
