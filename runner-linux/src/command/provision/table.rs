//! The table of devices: CSV as spreadsheets write it (RFC 4180), with the names of its columns in the first line.

use zeroize::Zeroizing;

/// The columns there may be. All but the host name may be missing or empty.
const COLUMNS: [&str; 9] = ["hostname", "token", "rooms", "url", "proxy", "key", "guid", "claimed", "anchors"];
/// The longest table, in bytes: some ten thousand devices.
pub(super) const TABLE_MAX: u64 = 16 << 20;

/// A line of the table.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Where it is in the file.
    pub(super) line: usize,
    /// In the order of [`COLUMNS`]. There are tokens and passwords of proxies in them.
    cells: [Zeroizing<String>; COLUMNS.len()],
}

impl Row {
    /// What is in a column; empty if nothing is.
    pub(super) fn get(&self, column: &str) -> &str {
        let cell = COLUMNS.iter().position(|name| *name == column).and_then(|place| self.cells.get(place));
        cell.map_or("", |cell| cell.as_str())
    }
}

/// Something wrong in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) cause: String,
}

impl Wrong {
    pub(super) fn new(line: usize, cause: impl ToString) -> Self {
        Self { line, cause: cause.to_string() }
    }
}

/// Reads a table. What is wrong is told of all lines at once.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Vec<Wrong>> {
    let mut records = records(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|wrong| vec![wrong])?.into_iter();
    let (line, heading) = records.next().ok_or_else(|| vec![Wrong::new(1, "the table is empty")])?;
    let mut places = Vec::new();
    for name in &heading {
        let name = name.trim().to_ascii_lowercase();
        let known = COLUMNS.iter().position(|column| *column == name);
        let place = known.ok_or_else(|| {
            // It could be a token, if there is no line of names at all.
            vec![Wrong::new(line, format_args!("a column is none of {}", COLUMNS.join(", ")))]
        })?;
        if places.contains(&place) {
            return Err(vec![Wrong::new(line, format_args!("the column {name} is there twice"))]);
        }
        places.push(place);
    }
    if !places.contains(&0) {
        return Err(vec![Wrong::new(line, "there is no column hostname")]);
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (line, cells) in records {
        if cells.len() != places.len() {
            let (has, wants) = (cells.len(), places.len());
            wrong.push(Wrong::new(line, format_args!("{has} cells, and the first line has {wants}")));
            continue;
        }
        let mut row = Row { line, ..Row::default() };
        for (place, cell) in places.iter().zip(cells) {
            row.cells[*place] = Zeroizing::new(cell.trim().to_owned());
        }
        rows.push(row);
    }
    if rows.is_empty() && wrong.is_empty() {
        wrong.push(Wrong::new(line, "there is no device in the table"));
    }
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

type Record = (usize, Vec<Zeroizing<String>>);

/// The records and the lines they begin in; empty lines are none.
fn records(text: &str) -> Result<Vec<Record>, Wrong> {
    let (mut records, mut record) = (Vec::new(), Vec::new());
    let (mut line, mut begun) = (1, 1);
    let mut cell = Zeroizing::new(String::new());
    let mut chars = text.chars().peekable();
    let mut end_record = |record: &mut Vec<Zeroizing<String>>, begun| {
        let is_empty = record.iter().all(|cell| cell.trim().is_empty());
        let record = std::mem::take(record);
        if !is_empty {
            records.push((begun, record));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '"' if cell.trim().is_empty() => {
                cell.clear();
                let opened = line;
                loop {
                    match chars.next() {
                        Some('"') if chars.next_if_eq(&'"').is_some() => cell.push('"'),
                        Some('"') => break,
                        Some('\n') => {
                            line += 1;
                            cell.push('\n');
                        }
                        Some(c) => cell.push(c),
                        None => return Err(Wrong::new(opened, "a quotation mark is never closed")),
                    }
                }
                while chars.next_if(|c| matches!(c, ' ' | '\t' | '\r')).is_some() {}
                if !matches!(chars.peek(), None | Some(',' | '\n')) {
                    return Err(Wrong::new(line, "something follows a closed quotation mark"));
                }
            }
            ',' => record.push(std::mem::take(&mut cell)),
            '\n' => {
                record.push(std::mem::take(&mut cell));
                end_record(&mut record, begun);
                line += 1;
                begun = line;
            }
            c => cell.push(c),
        }
    }
    record.push(cell);
    end_record(&mut record, begun);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::{Wrong, read};

    fn wrong(text: &str) -> Vec<(usize, String)> {
        read(text).unwrap_err().into_iter().map(|Wrong { line, cause }| (line, cause)).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let rows =
            read("\u{feff}Token, hostname,rooms\r\n tok ,pump-1,\"a, b\"\r\n\r\n,\"pump \"\"2\"\"\",\r\n\"x\ny\",c,d")
                .unwrap();
        let seen: Vec<_> =
            rows.iter().map(|row| (row.line, row.get("hostname"), row.get("token"), row.get("rooms"))).collect();
        assert_eq!(
            seen,
            [(2, "pump-1", "tok", "a, b"), (4, "pump \"2\"", "", ""), (5, "c", "x\ny", "d")],
            "columns in any order"
        );
        assert_eq!(rows[0].get("url"), "", "a column that is missing is empty");
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        assert_eq!(wrong(""), [(1, "the table is empty".to_owned())]);
        assert_eq!(wrong("hostname\n\n"), [(1, "there is no device in the table".to_owned())]);
        assert_eq!(wrong("token\nx"), [(1, "there is no column hostname".to_owned())]);
        assert_eq!(wrong("hostname,hostname\n"), [(1, "the column hostname is there twice".to_owned())]);
        let unknown = wrong("hostname,secret-token-1\n");
        assert!(unknown[0].1.starts_with("a column is none of hostname, token,"), "{unknown:?}");
        assert_eq!(
            wrong("hostname,token\na,b\nc\n\nd,e,f\n"),
            [(3, "1 cells, and the first line has 2".to_owned()), (5, "3 cells, and the first line has 2".to_owned())]
        );
        assert_eq!(wrong("hostname\na\n\"b\nc\n"), [(3, "a quotation mark is never closed".to_owned())]);
        assert_eq!(wrong("hostname\n\"a\"b\n"), [(2, "something follows a closed quotation mark".to_owned())]);
    }
}
