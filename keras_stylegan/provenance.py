"""What a picture says of its own making, as an XMP packet: IPTC's digital source type, software and settings.

Source: IPTC NewsCodes, scheme `digitalsourcetype`; IPTC Photo Metadata 2025.1, "AI Prompt Information"; XMP
Specification Part 1, "Serialization".
"""

from __future__ import annotations

from typing import NamedTuple

GENERATED, STYLIZED, COMPOSITE = "generated", "stylized", "composite"
_SCHEME = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPES = {
    GENERATED: f"{_SCHEME}trainedAlgorithmicMedia",
    STYLIZED: f"{_SCHEME}compositeWithTrainedAlgorithmicMedia",
    COMPOSITE: f"{_SCHEME}composite",
}

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
# What of a photograph's XMP still holds of a picture made from it: who took it, when, where, what it shows, and under
# which rights. All the rest describes the file and its pixels. None stands for every name of a namespace.
_KEPT = {
    "http://purl.org/dc/elements/1.1/": None,
    "http://ns.adobe.com/xap/1.0/rights/": None,
    "http://creativecommons.org/ns#": None,
    "http://ns.useplus.org/ldf/xmp/1.0/": None,
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": None,
    _IPTC: None,
    _XMP: {"CreateDate", "Rating"},
    "http://ns.adobe.com/photoshop/1.0/": {
        "AuthorsPosition", "CaptionWriter", "City", "Country", "Credit", "DateCreated", "Headline", "Instructions",
        "Source", "State", "TransmissionReference",
    },
}  # fmt: skip
_DROPPED = {"format", "DigitalSourceType", "ImageRegion"}
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">{{}}</rdf:RDF></x:xmpmeta>'
_PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{}<?xpacket end="r"?>'


class Provenance(NamedTuple):
    """What a picture says of its making.

    Attributes:
        source_type: address of IPTC's digital source type, or None.
        software: the program that made the picture, with its version, or None.
        settings: what it was asked for, such as a seed, or None.
    """

    source_type: str | None = None
    software: str | None = None
    settings: str | None = None


def describe(source_type: str | None, xmp: bytes | None = None, settings: str | None = None) -> bytes | None:
    """The XMP packet of a picture.

    Args:
        source_type: `"generated"`, by a trained network; `"stylized"`, a photograph changed by one;
            `"composite"`, put together from photographs without one; None to say nothing of it.
        xmp: packet of the photograph that the picture was made from; what still holds is kept. A damaged one is not.
        settings: what the picture was made with; said only with a source type.

    Returns:
        The packet in UTF-8, or None where there is nothing to say.

    Raises:
        ValueError: if the source type is another.
    """
    if source_type is not None and source_type not in SOURCE_TYPES:
        raise ValueError(f"`source_type` must be {', '.join(SOURCE_TYPES)} or None. Received: {source_type}")
    statement = "" if source_type is None else _statement(source_type, settings)
    try:
        kept = xmp and _kept(xmp, statement)
    except RecursionError:  # elements within elements, which no photographer writes
        kept = None
    if not kept and not statement:
        return None
    return _PACKET.format(kept or _EMPTY.format(statement)).encode()


def read_provenance(xmp: bytes | None) -> Provenance:
    """What a packet says of a picture's making; nothing where it is damaged or None."""
    document = xmp and _parse(xmp)
    if not document:
        return Provenance()
    names = (_IPTC, "DigitalSourceType"), (_XMP, "CreatorTool"), (_IPTC, "AIPromptInformation")
    return Provenance(*(_value(document, *name) for name in names))


def _statement(source_type, settings):
    from keras_stylegan import __version__

    asked = ""
    if settings:
        import html  # few pictures have settings

        readable = "".join(sign for sign in settings if sign.isprintable())  # XML has no place for control characters
        asked = f' Iptc4xmpExt:AIPromptInformation="{html.escape(readable)}"'
    return (
        f'<rdf:Description xmlns:rdf="{_RDF}" xmlns:xmp="{_XMP}" xmlns:Iptc4xmpExt="{_IPTC}" rdf:about="" '
        f'xmp:CreatorTool="keras_stylegan {__version__}" '
        f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPES[source_type]}"{asked}/>'
    )


def _kept(xmp, statement):
    """The root element of a packet with the statement added and without what no longer holds; None if it is damaged."""
    document = _parse(xmp)
    if document is None:
        return None
    rdf = document.getElementsByTagNameNS(_RDF, "RDF")[0]
    descriptions = [node for node in rdf.childNodes if node.nodeType == node.ELEMENT_NODE]
    about, any_left = "", False
    for description in descriptions:
        about = about or description.getAttributeNS(_RDF, "about")
        attributes = [a for a in description.attributes.values() if a.namespaceURI not in (_RDF, _XMLNS)]
        for attribute in attributes:
            if not _holds(attribute):
                description.removeAttributeNode(attribute)
        for child in list(description.childNodes):
            if child.nodeType != child.ELEMENT_NODE or not _holds(child):
                description.removeChild(child)
        if any(map(_holds, attributes)) or description.childNodes:
            any_left = True
        else:
            rdf.removeChild(description)
    if statement:
        added = document.importNode(_parse(_EMPTY.format(statement).encode()).getElementsByTagNameNS(
            _RDF, "Description")[0], deep=True)  # fmt: skip
        added.setAttributeNS(_RDF, "rdf:about", about)  # all descriptions of a packet are about the same
        rdf.appendChild(added)
    return document.documentElement.toxml() if any_left or statement else None


def _holds(node):
    if node.namespaceURI not in _KEPT or node.localName in _DROPPED:
        return False
    names = _KEPT[node.namespaceURI]
    return names is None or node.localName in names


def _parse(xmp):
    """A packet as a DOM document with one `rdf:RDF`; None where it is damaged, or has declarations of its own."""
    # Loaded for photographs that have XMP only: a command that does without starts sooner.
    from xml.dom import minidom
    from xml.parsers.expat import ExpatError

    try:
        document = minidom.parseString(xmp.strip(b"\0 \t\r\n"))
    except (ExpatError, ValueError):  # ValueError: an encoding that is not known, or bytes outside of it
        return None
    if document.doctype is not None or len(document.getElementsByTagNameNS(_RDF, "RDF")) != 1:
        return None
    return document


def _value(document, namespace, name):
    """The text of a property, which a packet may hold as attribute, as element or as the address of a resource."""
    for element in document.getElementsByTagNameNS(namespace, name):
        return element.getAttributeNS(_RDF, "resource") or "".join(
            node.data for node in element.childNodes if node.nodeType == node.TEXT_NODE
        )
    for description in document.getElementsByTagNameNS(_RDF, "Description"):
        if description.hasAttributeNS(namespace, name):
            return description.getAttributeNS(namespace, name)
    return None
