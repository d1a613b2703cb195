//! What a picture looks like: a perceptual hash that survives scaling, another format and small changes.
//!
//! The hash is the field's "pHash": the picture in grey, transparent parts on a middle grey, scaled down, the
//! lowest 8 by 8 frequencies of its discrete cosine transform, and of each whether it is above their median. That
//! is 64 bits, written as 16 hexadecimal digits.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, ImageReader, Limits, Luma};
use image_hasher::{HashAlg, HasherConfig};

/// Width and height that a picture may have, and bytes that it may take to read it.
const MOST_SIDE: u32 = 16_384;
const MOST_BYTES: u64 = 128 << 20;
/// Grey behind transparent parts: both black and white show on it.
const BEHIND: u32 = 128;
/// The least difference between the darkest and the brightest of a picture that looks like something, of 256.
const CONTRAST: u8 = 24;

/// The perceptual hash of a picture, for the brand file; none if it is of one colour.
///
/// # Errors
/// It is no PNG, JPEG, GIF, BMP, ICO or WebP, is damaged, or is larger than is looked at.
pub fn look(bytes: &[u8]) -> Result<Option<String>, String> {
    let format = image::guess_format(bytes).map_err(|error| error.to_string())?;
    Ok(look_as(format, bytes)?.map(|hash| format!("{hash:016x}")))
}

pub(crate) fn look_as(format: ImageFormat, bytes: &[u8]) -> Result<Option<u64>, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| error.to_string())?.into_rgba8();
    let (width, height) = picture.dimensions();
    let grey = |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let bright = (299 * red + 587 * green + 114 * blue) / 1000;
        let seen = (bright * alpha + BEHIND * (255 - alpha)) / 255;
        Luma([u8::try_from(seen).unwrap_or(u8::MAX)])
    };
    let grey = GrayImage::from_fn(width, height, grey);
    let (darkest, brightest) =
        grey.iter().fold((u8::MAX, 0), |(least, most), bright| (least.min(*bright), most.max(*bright)));
    if brightest.saturating_sub(darkest) < CONTRAST {
        return Ok(None);
    }
    let hasher = HasherConfig::with_bytes_type::<[u8; 8]>()
        .hash_alg(HashAlg::Median)
        .hash_size(8, 8)
        .preproc_dct()
        .to_hasher();
    let hash = hasher.hash_image(&grey).into_inner();
    Ok(Some(u64::from_be_bytes(hash)))
}
