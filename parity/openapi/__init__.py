"""OpenAPI 3.1 of one Parse app: the endpoints that every server has, and the app's own classes.

:func:`document` makes it, from the schemas that a server tells (:func:`schemas_of`), or from a
recording (:func:`parity.openapi.recorded.schemas_in`).
"""

from parity.openapi.document import document, schemas_of

__all__ = ["document", "schemas_of"]
