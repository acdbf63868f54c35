"""Which tags go from a frame into a result, which stay behind, and why."""

from __future__ import annotations

from collections.abc import Mapping

DESCRIBING = frozenset(
    {
        *("ImageDescription", "Make", "Model", "Artist", "Copyright", "HostComputer", "DocumentName", "PageName"),
        *("Rating", "RatingPercent", "ImageHistory", "ImageNumber", "SecurityClassification", "BatteryLevel"),
        *("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject", "OriginalRawFileName"),
    }
)
"""Tags of IFD0 that tell of the photograph, not of how its file is laid out. Of a TIFF or a raw file, whose IFD0 also
lays out pixels, sensors and private data, these alone are carried."""

LAYOUT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "FillOrder"),
            *("StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "Predictor"),
            *("TileWidth", "TileLength", "TileOffsets", "TileByteCounts", "SubIFDs", "ExtraSamples", "SampleFormat"),
            *("JPEGInterchangeFormat", "JPEGInterchangeFormatLength", "JPEGTables", "NewSubfileType", "SubfileType"),
            *("YCbCrSubSampling", "YCbCrPositioning", "YCbCrCoefficients", "ReferenceBlackWhite", "ColorMap"),
        ),
        "it tells how the file of the frame is laid out",
    ),
    **dict.fromkeys(("TransferFunction", "WhitePoint", "PrimaryChromaticities"), "the ICC profile tells the colours"),
    **dict.fromkeys(("XMLPacket", "IPTCNAA", "ImageResources", "InterColorProfile"), "it is carried in its own form"),
    **dict.fromkeys(("ExifTag", "GPSTag"), "it is a place in the file, written anew"),
    "PrintImageMatching": "it is about printing the frame",
}
"""Tags of IFD0 that a frame of whatever format keeps to itself, with the reason."""

OUTDATED: Mapping[str, str] = {
    **dict.fromkeys(("ComponentsConfiguration", "CompressedBitsPerPixel"), "it tells how the frame was compressed"),
    **dict.fromkeys(("RelatedImageWidth", "RelatedImageLength"), "the result has another size"),
    **dict.fromkeys(("SubjectArea", "SubjectLocation"), "aligning and cropping move what lies there"),
    **dict.fromkeys(("InteroperabilityTag", "MakerNote"), "it is a place in the file, written anew"),
    **dict.fromkeys(("SubSecTime", "OffsetTime"), "it belongs to the time of change, which is another"),
    **dict.fromkeys(("ImageUniqueID",), "the result is another image"),
}
"""Tags of the Exif and interoperability IFDs that are no longer true of a result, with the reason."""

REWRITTEN: Mapping[str, str] = {
    "Exif.Image.Orientation": "the pixels are upright",
    "Exif.Image.XResolution": "kept, or 72 where the frame tells none, equal to what the file format tells",
    "Exif.Image.YResolution": "kept, or 72 where the frame tells none, equal to what the file format tells",
    "Exif.Image.ResolutionUnit": "always the inch",
    "Exif.Image.Software": "stackcore made the result; what stood there is the CameraFirmware",
    "Exif.Photo.CameraFirmware": "Software of a frame as the camera wrote it",
    "Exif.Image.DateTime": "the time when the run began",
    "Exif.Photo.OffsetTime": "its time zone",
    "Exif.Photo.PixelXDimension": "size of the result; TIFF has it elsewhere",
    "Exif.Photo.PixelYDimension": "size of the result; TIFF has it elsewhere",
    "Exif.Photo.ColorSpace": "agrees with the ICC profile",
    "Exif.Iop.InteroperabilityIndex": "left out, with all of its IFD, where the ICC profile says otherwise",
    "Exif.Photo.ExifVersion": "at least 2.32, which has the tags of composite images",
    "Exif.Photo.CompositeImage": "several frames make the result",
    "Exif.Photo.SourceImageNumberOfCompositeImage": "how many",
}
"""Tags that every result has or may have of its own."""

_KEPT_IF_THERE = frozenset(
    {
        *("Exif.Photo.CompositeImage", "Exif.Photo.SourceImageNumberOfCompositeImage", "Exif.Photo.CameraFirmware"),
        *("Exif.Photo.ExifVersion", "Exif.Iop.InteroperabilityIndex"),
    }
)
"""Rewritten tags that stay as they are where a result has nothing else to say: what is made of a composite is one."""

MOVED: Mapping[str, str] = {
    "Exif.Image.CameraSerialNumber": "Exif.Photo.BodySerialNumber",
    "Exif.Image.LensInfo": "Exif.Photo.LensSpecification",
    "Exif.Image.UniqueCameraModel": "Exif.Image.Model",
    **{
        f"Exif.Image.{name}": f"Exif.Photo.{name}"
        for name in (
            *("ExposureTime", "FNumber", "ExposureProgram", "ISOSpeedRatings", "DateTimeOriginal", "ShutterSpeedValue"),
            *("ApertureValue", "BrightnessValue", "ExposureBiasValue", "MaxApertureValue", "SubjectDistance"),
            *("MeteringMode", "LightSource", "Flash", "FocalLength", "ExposureIndex", "SpectralSensitivity"),
        )
    },
}
"""Tags that DNG and TIFF/EP keep in IFD0, and where EXIF has them; what is there already wins."""

XMP_OUTDATED: Mapping[str, str] = {
    **dict.fromkeys(("tiff", "GPano", "mwg-rs", "MPRI", "MP", "crss"), "it describes the pixels of the frame's file"),
    "crs": "settings of a raw converter would be applied a second time",
    **dict.fromkeys(("xmp:Thumbnails", "xmpGImg", "photoshop:ICCProfile"), "it shows or describes the frame's file"),
    **dict.fromkeys(
        ("exif:PixelXDimension", "exif:PixelYDimension", "exif:ColorSpace", "exif:ExifVersion"), "told anew in EXIF"
    ),
    **dict.fromkeys(("exif:SubjectArea", "exif:SubjectLocation"), "aligning and cropping move what lies there"),
    **dict.fromkeys(("xmpMM:DocumentID", "xmpMM:InstanceID", "xmpMM:DerivedFrom"), "the result is another document"),
    **dict.fromkeys(("dc:format", "xmp:ModifyDate", "xmp:MetadataDate", "xmp:CreatorTool"), "written anew"),
    "stackcore": "the record of the run takes its place, and holds the earlier one",
}
"""XMP namespaces, and single properties, that stay behind, with the reason."""

TIFF_LIKE = frozenset({"image/tiff", "image/x-adobe-dng", "image/x-raw"})
"""Types whose IFD0 describes pixels; so does every type that calls itself a maker's raw."""


def lays_out_pixels(mime_type: str) -> bool:
    """Whether the IFD0 of such a file describes pixels that are not those of a result.

    Examples
    --------
    >>> lays_out_pixels("image/x-nikon-nef"), lays_out_pixels("image/jpeg")
    (True, False)
    """
    return mime_type in TIFF_LIKE or mime_type.startswith("image/x-")


def exif_is_carried(group: str, name: str, *, from_tiff: bool) -> bool:
    """Whether a tag of IFD0, of the Exif, GPS or interoperability IFD goes into the result unchanged.

    Groups are named as Exiv2 names them; maker notes are another question.

    Examples
    --------
    >>> exif_is_carried("Image", "Artist", from_tiff=True), exif_is_carried("Image", "BlackLevel", from_tiff=True)
    (True, False)
    """
    key = f"Exif.{group}.{name}"
    if key in REWRITTEN and key not in _KEPT_IF_THERE:
        return False
    if group == "Image":
        return name in DESCRIBING if from_tiff else name not in LAYOUT
    return group in ("Photo", "GPSInfo", "Iop") and name not in OUTDATED


def xmp_is_carried(key: str) -> bool:
    """Whether an XMP property, as `Xmp.namespace.Name/...`, goes into the result.

    Examples
    --------
    >>> xmp_is_carried("Xmp.dc.title[1]"), xmp_is_carried("Xmp.crs.Exposure")
    (True, False)
    """
    _, namespace, rest = key.split(".", 2)
    name = rest.split("[")[0].split("/")[0]
    return namespace not in XMP_OUTDATED and f"{namespace}:{name}" not in XMP_OUTDATED
