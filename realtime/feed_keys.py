"""CURVE keys for frames that come from another machine: who may send, and the file that lets them.

Under `$XDG_DATA_HOME/glimpse/keys` (`~/.local/share/glimpse/keys`), readable by its user alone, lie this machine's own
pair and the public keys of everybody who may send. The secret half of a sender's pair is written once, into a file
that is carried to the sending machine.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import zmq

from realtime.data_folder import data_folder
from realtime.failures import UserFacingError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


_Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}\Z")]  # Z85


class KeyPair(msgspec.Struct, frozen=True):
    """A CURVE25519 pair in Z85, 40 characters each."""

    public: _Key
    secret: _Key


class SenderKey(msgspec.Struct, frozen=True):
    """What a sending machine needs: its own pair, and the public key of the machine it sends to."""

    name: str
    public: _Key
    secret: _Key
    receiver: _Key


def new_pair() -> KeyPair:
    """A fresh pair."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


@dataclass(frozen=True)
class KeyRing:
    """The keys of this machine.

    Attributes:
        folder: made with mode 0700 when the first key is.
    """

    folder: Path

    @classmethod
    def of_user(cls) -> KeyRing:
        """Where the user's keys lie."""
        return cls(data_folder() / "keys")

    def own(self) -> KeyPair:
        """This machine's pair, made when it is first asked for.

        Raises:
            UserFacingError: it cannot be read or written.
        """
        file = self.folder / "own.json"
        try:
            if file.exists():
                return msgspec.json.decode(file.read_bytes(), type=KeyPair)
            pair = new_pair()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            write_secret(file, pair)
        except OSError as error:
            raise UserFacingError(f"{file}: {error.strerror}; mend the folder's permissions") from None
        except msgspec.DecodeError as error:
            raise UserFacingError(f"{file}: is damaged ({error}); delete it and make every sender a new key") from None
        return pair

    def add(self, name: str, into: Path) -> Path:
        """Allow a sender, and write the file that lets it send.

        Args:
            name: of the sender; replaces an older key of that name.
            into: folder for the file.

        Returns:
            `NAME.glimpse-key`, mode 0600: carry it to the sender and delete it here.

        Raises:
            UserFacingError: the name cannot be used, or a file not be written.
        """
        if not _NAME.fullmatch(name):
            raise UserFacingError(f"{name!r} cannot be a key's name: use letters, digits, '.', '_' or '-'")
        own, pair = self.own(), new_pair()
        file = into / f"{name}.glimpse-key"
        try:
            into.mkdir(parents=True, exist_ok=True)
            write_secret(file, SenderKey(name, pair.public, pair.secret, own.public))
            allowed = self.folder / "allowed"
            allowed.mkdir(exist_ok=True, mode=0o700)
            (allowed / name).write_text(pair.public + "\n")
        except OSError as error:
            raise UserFacingError(f"{file}: cannot be written: {error.strerror}; choose another with --out") from None
        return file

    def allowed(self) -> dict[str, str]:
        """Name of each allowed sender, by public key.

        Raises:
            UserFacingError: a key cannot be read.
        """
        folder = self.folder / "allowed"
        if not folder.is_dir():
            return {}
        try:
            return {file.read_text().strip(): file.name for file in sorted(folder.iterdir())}
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "holds no key"
            raise UserFacingError(f"{folder}: a key cannot be read ({why}); mend or delete it") from None

    def revoke(self, name: str) -> None:
        """Allow a sender no longer, from the next start on.

        Raises:
            UserFacingError: nobody of that name is allowed, or the key cannot be deleted.
        """
        known = sorted(self.allowed().values())
        if name not in known:
            rest = f"there are {', '.join(known)}" if known else "nobody is"
            raise UserFacingError(f"no sender is called {name}; {rest}")
        try:
            (self.folder / "allowed" / name).unlink()
        except OSError as error:
            raise UserFacingError(
                f"{name}: the key cannot be deleted: {error.strerror}; {name} may still send"
            ) from None


def read_sender_key(file: Path) -> SenderKey:
    """The key that a sender was given.

    Raises:
        UserFacingError: it is missing or damaged, or others may read it.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise UserFacingError(f"{file}: others may read this secret; run 'chmod 600 {file}'")
        return msgspec.json.decode(file.read_bytes(), type=SenderKey)
    except OSError as error:
        raise UserFacingError(f"{file}: {error.strerror}; make one with 'run_camera.py keys new NAME'") from None
    except msgspec.DecodeError as error:
        raise UserFacingError(f"{file}: is no key of Glimpse ({error}); make a new one") from None


def write_secret(file: Path, secret: KeyPair | SenderKey) -> None:
    """Write as JSON, with mode 0600 from its first byte on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(msgspec.json.encode(secret))
