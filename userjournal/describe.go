// SPDX-License-Identifier: Apache-2.0

package userjournal

import "vexj/internal/layout"

// The tables by which files are described. Their offsets are those that the
// encoders use; what an encoder writes besides, a test finds.

var codecWords = func() map[uint64]string {
	words := map[uint64]string{}
	for c, name := range codecNames {
		words[uint64(c)] = name
	}
	return words
}()

var headerFields = layout.Fill(HeaderSize,
	layout.Field{Name: "magic", Offset: hdrMagic, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "version_major", Offset: hdrMajor, Size: 4},
	layout.Field{Name: "version_minor", Offset: hdrMinor, Size: 4},
	layout.Field{Name: "created_at", Offset: hdrCreated, Size: 8, Form: layout.Seconds},
	layout.Field{Name: "modified_at", Offset: hdrModified, Size: 8, Form: layout.Seconds},
	layout.Field{Name: "header_size", Offset: hdrSize, Size: 4},
	layout.Field{Name: "block_size", Offset: hdrBlockSize, Size: 4},
	layout.Field{Name: "journal", Offset: hdrJournal, Size: 16, Form: layout.UUID},
	layout.Field{Name: "boot", Offset: hdrBoot, Size: 16, Form: layout.UUID},
	layout.Field{Name: "wall_offset", Offset: hdrWallOffset, Size: 8, Form: layout.Signed},
	layout.Field{Name: "first_ordinal", Offset: hdrFirst, Size: 8},
	layout.Field{Name: "created", Offset: hdrCreatedNs, Size: 8, Form: layout.Nanoseconds},
	layout.Field{Name: "segment", Offset: hdrIndex, Size: 8},
	layout.Field{Name: "salt", Offset: hdrSalt, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "records_before", Offset: hdrRecords, Size: 8},
	layout.Field{Name: "bytes_before", Offset: hdrRaw, Size: 8},
	layout.Field{Name: "chain_before", Offset: hdrPrevious, Size: 32, Form: layout.Bytes},
	layout.Field{Name: "clock_back", Offset: hdrClockBack, Size: 8},
	layout.Field{Name: "repaired_from", Offset: hdrOrigin, Size: 16, Form: layout.UUID},
	layout.Field{Name: "newest_before", Offset: hdrNewest, Size: 8, Form: layout.Nanoseconds},
	layout.Field{Name: "lag_before", Offset: hdrLag, Size: 8},
	layout.Field{Name: "fields_crc", Offset: hdrFieldsCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "fields_again", Offset: hdrAgain, Size: hdrCopy, Form: layout.Bytes},
	layout.Field{Name: "crc", Offset: hdrCRC, Size: 4, Form: layout.Hexadecimal},
)

// blockFields are those before the filter.
var blockFields = layout.Fill(blkFixedSize,
	layout.Field{Name: "magic", Offset: blkMagic, Size: 8, Form: layout.Bytes},
	layout.Field{Name: "header_crc", Offset: blkHeaderCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "data_crc", Offset: blkDataCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "header_size", Offset: blkFixed, Size: 2},
	layout.Field{Name: "filter_size", Offset: blkFilter, Size: 2},
	layout.Field{Name: "stored", Offset: blkStored, Size: 4},
	layout.Field{Name: "raw", Offset: blkRaw, Size: 4},
	layout.Field{Name: "codec", Offset: blkCodec, Size: 1, Form: layout.Word, Words: codecWords},
	layout.Field{Name: "records", Offset: blkRecords, Size: 4},
	layout.Field{Name: "flags", Offset: blkFlags, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "salt", Offset: blkSalt, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "first_ordinal", Offset: blkFirst, Size: 8},
	layout.Field{Name: "ktime_lowest", Offset: blkMinKtime, Size: 8},
	layout.Field{Name: "ktime_highest", Offset: blkMaxKtime, Size: 8},
	layout.Field{Name: "id_lowest", Offset: blkMinID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "id_highest", Offset: blkMaxID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "sequence_lowest", Offset: blkMinSeq, Size: 8},
	layout.Field{Name: "sequence_highest", Offset: blkMaxSeq, Size: 8},
	layout.Field{Name: "pid_lowest", Offset: blkMinPID, Size: 4},
	layout.Field{Name: "pid_highest", Offset: blkMaxPID, Size: 4},
	layout.Field{Name: "visibility", Offset: blkVisibility, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "pids", Offset: blkPIDs, Size: 32, Form: layout.Bytes},
	layout.Field{Name: "types", Offset: blkTypes, Size: 64, Form: layout.Bytes},
	layout.Field{Name: "digest", Offset: blkDigest, Size: 32, Form: layout.Bytes},
	layout.Field{Name: "chain_before", Offset: blkBefore, Size: 32, Form: layout.Bytes},
)

var sealedWords = map[uint64]string{
	sealedClosed: "closed", sealedRecovered: "recovered", sealedDamaged: "damaged", sealedGuessed: "guessed",
}

var footerFields = layout.Fill(ftrHeadSize,
	layout.Field{Name: "magic", Offset: ftrMagic, Size: 8, Form: layout.Bytes},
	layout.Field{Name: "head_size", Offset: ftrHead, Size: 4},
	layout.Field{Name: "entry_size", Offset: ftrEntry, Size: 4},
	layout.Field{Name: "entries", Offset: ftrCount, Size: 4},
	layout.Field{Name: "flags", Offset: ftrFlags, Size: 4, Form: layout.Flags, Words: sealedWords},
	layout.Field{Name: "records", Offset: ftrRecords, Size: 8},
	layout.Field{Name: "raw", Offset: ftrRaw, Size: 8},
	layout.Field{Name: "ktime_lowest", Offset: ftrMinKtime, Size: 8},
	layout.Field{Name: "ktime_highest", Offset: ftrMaxKtime, Size: 8},
	layout.Field{Name: "id_lowest", Offset: ftrMinID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "id_highest", Offset: ftrMaxID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "sequence_lowest", Offset: ftrMinSeq, Size: 8},
	layout.Field{Name: "sequence_highest", Offset: ftrMaxSeq, Size: 8},
	layout.Field{Name: "header_again", Offset: ftrHeader, Size: hdrCopy, Form: layout.Bytes},
	layout.Field{Name: "signed_at", Offset: ftrSignTime, Size: 8, Form: layout.Seconds},
	layout.Field{Name: "signed_by", Offset: ftrSignKey, Size: 32, Form: layout.Bytes},
	layout.Field{Name: "signature", Offset: ftrSign, Size: 64, Form: layout.Bytes},
)

var entryFields = layout.Fill(entSize,
	layout.Field{Name: "offset", Offset: entOffset, Size: 8},
	layout.Field{Name: "first_ordinal", Offset: entFirst, Size: 8},
	layout.Field{Name: "records", Offset: entRecords, Size: 4},
	layout.Field{Name: "header_size", Offset: entHeader, Size: 4},
	layout.Field{Name: "stored", Offset: entStored, Size: 4},
	layout.Field{Name: "header_crc", Offset: entHeaderCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "ktime_lowest", Offset: entMinKtime, Size: 8},
	layout.Field{Name: "ktime_highest", Offset: entMaxKtime, Size: 8},
	layout.Field{Name: "id_lowest", Offset: entMinID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "id_highest", Offset: entMaxID, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "digest", Offset: entDigest, Size: 32, Form: layout.Bytes},
)

var trailerFields = layout.Fill(trailer,
	layout.Field{Name: "chain", Offset: trlChain, Size: 32, Form: layout.Bytes},
	layout.Field{Name: "footer", Offset: trlFooter, Size: 8},
	layout.Field{Name: "trailer_size", Offset: trlSize, Size: 4},
	layout.Field{Name: "footer_crc", Offset: trlCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "salt", Offset: trlSalt, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "magic", Offset: trlMagic, Size: 8, Form: layout.Bytes},
)

var indexTailFields = layout.Fill(kixTail,
	layout.Field{Name: "segment", Offset: kixSegment, Size: kixRecords - kixSegment, Form: layout.Bytes},
	layout.Field{Name: "records", Offset: kixRecords, Size: 8},
	layout.Field{Name: "ktime_lowest", Offset: kixMinKtime, Size: 8},
	layout.Field{Name: "ktime_highest", Offset: kixMaxKtime, Size: 8},
	layout.Field{Name: "wall_offset", Offset: kixWallOffset, Size: 8, Form: layout.Signed},
	layout.Field{Name: "blocks", Offset: kixBlocks, Size: 4},
	layout.Field{Name: "pages", Offset: kixPages, Size: 4},
	layout.Field{Name: "keys", Offset: kixKeys, Size: 4},
	layout.Field{Name: "flags", Offset: kixFlags, Size: 4, Form: layout.Flags, Words: sealedWords},
	layout.Field{Name: "version", Offset: kixVersion, Size: 4},
	layout.Field{Name: "crc", Offset: kixCRC, Size: 4, Form: layout.Hexadecimal},
	layout.Field{Name: "magic", Offset: kixMagic, Size: 8, Form: layout.Bytes},
)

var indexPageFields = layout.Fill(dirSize,
	layout.Field{Name: "first_key", Offset: dirKey, Size: 8, Form: layout.Hexadecimal},
	layout.Field{Name: "bytes", Offset: dirBytes, Size: 4},
	layout.Field{Name: "crc", Offset: dirCRC, Size: 4, Form: layout.Hexadecimal},
)
