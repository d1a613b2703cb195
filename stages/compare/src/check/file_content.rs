//! Whether files have the same contents: by the digests that the headers give, and where these differ by a
//! look at the contents.

use super::Check;
use super::Weight::Compatible;
use crate::tag::{FILEDIGESTALGO, FILEDIGESTS, FILESIZES, LONGFILESIZES};

pub(crate) const FILE_CONTENT: Check = Check::tags(
    "file-content",
    "Every file has the same contents after normalisation.",
    Compatible,
    &[FILEDIGESTS, FILESIZES, LONGFILESIZES, FILEDIGESTALGO],
)
.content();
