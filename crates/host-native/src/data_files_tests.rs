use m365_app::{CELL_SCHEMA, DIRECTORY_SCHEMA};
use tempfile::TempDir;

use super::*;

/// Ids of Durable Objects.
const OBJECTS: [&str; 2] = [
    "3dddfb9303713e1589ebf6e8cbcbba85a06b75e249e574a0937814d617d7c70f",
    "13b5493ec3bfb373846886e8552e810b79ca669ad4965e6b97bb0a96a7132dcb",
];

struct Folder {
    root: TempDir,
}

impl Folder {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("cells")).unwrap();
        Self { root }
    }

    fn data(&self) -> DataDir {
        DataDir::new(self.root.path().to_owned())
    }

    /// A database among the cells, in which this cell has woken.
    fn cell(&self, name: &str, id: Option<&CellId>) -> SqliteDatabase {
        let schema: Vec<&str> =
            CELL_SCHEMA.iter().flat_map(|statements| statements().iter().copied()).collect();
        let file = self.root.path().join("cells").join(name).with_extension("sqlite");
        let database = SqliteDatabase::open(&file, &schema).unwrap();
        if let Some(id) = id {
            run(&database, &format!("INSERT INTO owner (cell) VALUES ('{id}')"));
        }
        database
    }

    /// A directory at this path, such as a host makes.
    fn directory(&self, path: &str) -> PathBuf {
        let file = self.root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        drop(SqliteDatabase::open(&file, DIRECTORY_SCHEMA).unwrap());
        file
    }

    /// What each file of the cells turns out to be.
    fn read(&self) -> Vec<String> {
        let mut reader = CellReader::default();
        let files = cell_files(&self.data()).unwrap();
        files
            .iter()
            .map(|file| match reader.open(file).unwrap() {
                CellFile::Cell { id, .. } => format!("cell {id}"),
                CellFile::Empty => "empty".to_owned(),
                CellFile::Misplaced(misplaced) => misplaced.to_string(),
            })
            .collect()
    }
}

fn id(number: u8) -> CellId {
    CellId::from_digest([number; 20])
}

fn run(database: &SqliteDatabase, statement: &str) {
    transact(database, Durability::Full, |sql| sql.run(statement, &[])).unwrap();
}

#[test]
fn a_file_of_either_host_is_the_cell_that_its_database_names() {
    let folder = Folder::new();
    let _held = folder.cell(id(1).as_str(), Some(&id(1)));
    let _held_too = folder.cell(OBJECTS[0], Some(&id(2)));
    assert_eq!(folder.read(), [format!("cell {}", id(2)), format!("cell {}", id(1))]);
}

#[test]
fn a_file_named_after_another_cell_is_misplaced_and_one_named_after_an_object_is_not() {
    let folder = Folder::new();
    drop(folder.cell(id(1).as_str(), Some(&id(2))));
    let file = format!("{}.sqlite", id(1));
    assert_eq!(folder.read(), [format!("the file {file} is named after another cell than the one in it")]);
    let cells = folder.data().cells();
    fs::rename(cells.join(file), cells.join(format!("{}.sqlite", OBJECTS[0]))).unwrap();
    assert_eq!(folder.read(), [format!("cell {}", id(2))]);
}

#[test]
fn a_second_file_of_a_cell_is_misplaced() {
    let folder = Folder::new();
    drop((folder.cell(OBJECTS[0], Some(&id(1))), folder.cell(OBJECTS[1], Some(&id(1)))));
    let second = format!("the file {}.sqlite is not the only one of its cell", OBJECTS[0]);
    assert_eq!(folder.read(), [format!("cell {}", id(1)), second]);
}

#[test]
fn a_database_without_a_name_is_empty_unless_it_has_records() {
    let folder = Folder::new();
    drop(folder.cell(OBJECTS[0], None));
    // What is there when a host looks for a cell that nobody has, or ends before it has made the tables.
    fs::write(folder.data().cells().join(format!("{}.sqlite", OBJECTS[1])), "").unwrap();
    assert_eq!(folder.read(), ["empty", "empty"]);
    let database = folder.cell(OBJECTS[0], None);
    run(
        &database,
        "INSERT INTO journal (sequence, at, phase, request_id, record, hash) VALUES (1, 1, 'event', 'r', '{}', x'00')",
    );
    let nameless = format!("the file {}.sqlite has records and does not say whose they are", OBJECTS[0]);
    assert_eq!(folder.read(), ["empty".to_owned(), nameless]);
}

#[test]
fn a_file_that_is_no_database_is_an_error_and_what_workerd_keeps_beside_is_not_looked_at() {
    let folder = Folder::new();
    fs::write(folder.data().cells().join(ALARMS), "not a database, however long it goes on being none")
        .unwrap();
    assert!(folder.read().is_empty());
    let damaged = folder.data().cells().join(format!("{}.sqlite", id(1)));
    fs::write(&damaged, "not a database, however long it goes on being none").unwrap();
    let error = CellReader::default().open(&damaged).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot read {}", damaged.display()));
}

#[test]
fn the_directory_of_either_host_is_found() {
    let native = Folder::new();
    let file = native.directory("directory.sqlite");
    assert_eq!(directory_file(&native.data()).unwrap(), file);
    let worker = Folder::new();
    let file = worker.directory(&format!("directory/{}.sqlite", OBJECTS[0]));
    worker.directory("directory/metadata.sqlite");
    assert_eq!(directory_file(&worker.data()).unwrap(), file);
}

#[test]
fn a_folder_without_a_directory_or_with_two_is_refused() {
    let folder = Folder::new();
    assert!(directory_file(&folder.data()).unwrap_err().to_string().starts_with("there is no "));
    folder.directory("directory.sqlite");
    folder.directory(&format!("directory/{}.sqlite", OBJECTS[0]));
    assert!(directory_file(&folder.data()).unwrap_err().to_string().contains("more than one directory"));
}
