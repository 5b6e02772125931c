"""The classes of a seed, as ``_SCHEMA`` has them, and the indexes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parity.seed.making import Document
from parity.seed.people import ROLE_ADMINS
from parity.seed.plan import SeedPlan
from parity.wire.storage import DEFAULT_COLUMNS, ClassSchema, FieldType

_PUBLIC: Final = {"*": True}
_ADMINS: Final = {f"role:{ROLE_ADMINS}": True}


@dataclass(frozen=True, slots=True)
class SeedIndex:
    """One index.

    Attributes:
        collection: Where.
        keys: Field and direction (``1``, ``-1``, ``2d``, …) of each key.
        options: As ``createIndex`` takes them.
    """

    collection: str
    keys: tuple[tuple[str, int | str], ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, as MongoDB makes it."""
        return "_".join(f"{key}_{direction}" for key, direction in self.keys)


_UNIQUE: Final = {"unique": True, "sparse": True}
INDEXES: Final = (
    # Those that Parse Server builds at its start are there already; see DatabaseController.
    SeedIndex("_User", (("username", 1),), _UNIQUE),
    SeedIndex("_User", (("email", 1),), _UNIQUE),
    SeedIndex("_Role", (("name", 1),), _UNIQUE),
    SeedIndex("_Session", (("_session_token", 1),)),
    SeedIndex("_Installation", (("deviceToken", 1),)),
    SeedIndex("GameScore", (("score", -1),)),
    SeedIndex("Post", (("_p_author", 1), ("_created_at", -1))),
    SeedIndex("Place", (("location", "2d"),)),
    SeedIndex("Place", (("area", "2dsphere"),)),
    SeedIndex("_Join:likes:Post", (("owningId", 1),)),
    SeedIndex("_Join:users:_Role", (("relatedId", 1),)),
    SeedIndex("_Join:roles:_Role", (("relatedId", 1),)),
    SeedIndex("fs.files", (("filename", 1), ("uploadDate", 1))),
    SeedIndex("fs.chunks", (("files_id", 1), ("n", 1)), {"unique": True}),
)


def class_schemas(plan: SeedPlan) -> Iterator[ClassSchema]:
    """Yield the schema of every class of a seed."""
    classes = dict(_CLASSES)
    if plan.quirks:
        classes |= _QUIRKS
    for name, words in classes.items():
        own = {each.split(":")[0]: _type(each.split(":")[1]) for each in words.split()}
        fields = {**DEFAULT_COLUMNS.get(name, {}), **own}
        indexes = {index.name: dict(index.keys) for index in INDEXES if index.collection == name}
        shown = {"_id_": {"_id": 1}, **indexes} if indexes else {}
        yield ClassSchema(name, fields, _PERMISSIONS.get(name), shown)


def schema_documents(plan: SeedPlan) -> Iterator[Document]:
    """Yield the documents of ``_SCHEMA``, with words that only the hosted service wrote."""
    for schema in class_schemas(plan):
        document = schema.to_mongo()
        if schema.class_name == "Post":
            document["meta"] = "map"
        if schema.class_name == "Team":
            document["_client_permissions"] = {"get": True, "find": True, "create": True}
        yield document


_CLASSES: Final = {
    "_User": "nickname:String level:Number",
    "_Session": "restricted:Boolean",
    "_Installation": "user:Pointer<_User>",
    "_Role": "",
    "GameScore": "score:Number ratio:Number total:Number cheatMode:Boolean playerName:String "
    "player:Pointer<_User> team:Pointer<Team> playedAt:Date stats:Object tags:Array notes:String",
    "Post": "title:String body:String author:Pointer<_User> mentions:Array meta:Object "
    "subtitle:String publishedAt:Date likes:Relation<_User>",
    "Comment": "text:String post:Pointer<Post> author:Pointer<_User>",
    "Place": "name:String location:GeoPoint area:Polygon blob:Bytes",
    "Photo": "image:File thumbnails:Array post:Pointer<Post> takenAt:Date",
    "Team": "name:String strength:Number",
    "Setting": "key:String value:Object",
}
_QUIRKS: Final = {
    "Quirk": "kind:String target:Pointer<Post> file:File link:String",
    "QuirkUnreadable": "kind:String target:Pointer<Post>",
}


def _permissions(
    reading: Mapping[str, bool], writing: Mapping[str, bool], **more: Any
) -> dict[str, Any]:
    return {
        **{each: dict(reading) for each in ("get", "find", "count")},
        **{each: dict(writing) for each in ("create", "update", "delete", "addField")},
        **more,
    }


_PERMISSIONS: Final[Mapping[str, dict[str, Any]]] = {
    "GameScore": _permissions(_PUBLIC, _PUBLIC),
    "Setting": _permissions(_PUBLIC, _ADMINS),
    "Team": _permissions(_PUBLIC, {}),
    "Post": _permissions(_PUBLIC, _PUBLIC, writeUserFields=["author"]),
    # What the hosted service wrote: it had no permission "count".
    "Quirk": {each: each_public for each, each_public in _permissions(_PUBLIC, _PUBLIC).items()
              if each != "count"},
}  # fmt: skip


def _type(text: str) -> FieldType:
    name, _, target = text.partition("<")
    return FieldType(name, target.rstrip(">"))
