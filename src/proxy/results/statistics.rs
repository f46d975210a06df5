//! What of a query's statistics a user may read from whom rows are hidden.
//!
//! Trino counts each row that it reads, those included that a policy hides. With a condition that is pushed down, such
//! counts tell of hidden values. In: the statistics as Trino wrote them. Out: how far the query is, and the times that a
//! client could measure. Splits become parts of a hundred, since as many are read as a table has files that may hold
//! what is asked for. Counts of rows, bytes, memory, work and nodes say nothing; clients want them to be there. Fields
//! that are not known are left out.

use super::reader::Reader;
use super::scanner::Malformed;
use bytes::BytesMut;

/// What counts rows, or what grows with them.
const HIDDEN: &str = "\"cpuTimeMillis\":0,\"wallTimeMillis\":0,\"physicalInputTimeMillis\":0,\"processedRows\":0,\
    \"processedBytes\":0,\"physicalInputBytes\":0,\"physicalWrittenBytes\":0,\"internalNetworkInputBytes\":0,\
    \"peakMemoryBytes\":0,\"spilledBytes\":0";
/// The same of a stage.
const HIDDEN_OF_STAGE: &str = "\"cpuTimeMillis\":0,\"wallTimeMillis\":0,\"processedRows\":0,\"processedBytes\":0,\
    \"physicalInputBytes\":0,\"failedTasks\":0";

/// Most stages within each other that are read.
const DEEPEST: usize = 60;

#[derive(Default)]
struct Statistics<'a> {
    state: Word<'a>,
    queued: bool,
    scheduled: bool,
    progress_percentage: bool,
    running_percentage: bool,
    nodes: u64,
    total_splits: u64,
    running_splits: u64,
    completed_splits: u64,
    planning_time_millis: u64,
    analysis_time_millis: u64,
    queued_time_millis: u64,
    elapsed_time_millis: u64,
    finishing_time_millis: u64,
    stages: Option<Stage<'a>>,
}

#[derive(Default)]
struct Stage<'a> {
    /// How many stages may be within it, one in the other.
    deep: usize,
    stage_id: Word<'a>,
    state: Word<'a>,
    done: bool,
    nodes: u64,
    total_splits: u64,
    running_splits: u64,
    completed_splits: u64,
    coordinator_only: bool,
    sub_stages: Vec<Stage<'a>>,
}

/// A state, or a stage's id: no text in which anything could stand.
#[derive(Clone, Copy, Default)]
struct Word<'a>(&'a str);

impl<'a> Word<'a> {
    #[inline(never)]
    fn read(reader: &mut Reader<'a>) -> Option<Word<'a>> {
        let text = reader.text()?;
        let of_letters = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let short = (1..=32).contains(&text.len()) && text.iter().all(of_letters);
        std::str::from_utf8(text).ok().filter(|_| short).map(Word)
    }
}

/// The name of a field as it is written.
macro_rules! named {
    ($name:literal) => {
        concat!("\"", $name, "\":")
    };
}

/// How a field is read into what is known so far.
type Read<'a, T> = fn(&mut T, &mut Reader<'a>) -> Option<()>;

fn set<T>(place: &mut T, read: Option<T>) -> Option<()> {
    *place = read?;
    Some(())
}

impl<'a> Statistics<'a> {
    /// Its fields, as Trino orders them.
    const FIELDS: [(&'static str, Read<'a, Statistics<'a>>); 26] = [
        (named!("state"), |read, reader| set(&mut read.state, Word::read(reader))),
        (named!("queued"), |read, reader| set(&mut read.queued, reader.truth())),
        (named!("scheduled"), |read, reader| set(&mut read.scheduled, reader.truth())),
        (named!("progressPercentage"), |read, reader| set(&mut read.progress_percentage, reader.is_number())),
        (named!("runningPercentage"), |read, reader| set(&mut read.running_percentage, reader.is_number())),
        (named!("nodes"), |read, reader| set(&mut read.nodes, reader.count())),
        (named!("totalSplits"), |read, reader| set(&mut read.total_splits, reader.count())),
        (named!("queuedSplits"), |_, reader| reader.pass()),
        (named!("runningSplits"), |read, reader| set(&mut read.running_splits, reader.count())),
        (named!("completedSplits"), |read, reader| set(&mut read.completed_splits, reader.count())),
        (named!("planningTimeMillis"), |read, reader| set(&mut read.planning_time_millis, reader.count())),
        (named!("analysisTimeMillis"), |read, reader| set(&mut read.analysis_time_millis, reader.count())),
        (named!("cpuTimeMillis"), |_, reader| reader.pass()),
        (named!("wallTimeMillis"), |_, reader| reader.pass()),
        (named!("queuedTimeMillis"), |read, reader| set(&mut read.queued_time_millis, reader.count())),
        (named!("elapsedTimeMillis"), |read, reader| set(&mut read.elapsed_time_millis, reader.count())),
        (named!("finishingTimeMillis"), |read, reader| set(&mut read.finishing_time_millis, reader.count())),
        (named!("physicalInputTimeMillis"), |_, reader| reader.pass()),
        (named!("processedRows"), |_, reader| reader.pass()),
        (named!("processedBytes"), |_, reader| reader.pass()),
        (named!("physicalInputBytes"), |_, reader| reader.pass()),
        (named!("physicalWrittenBytes"), |_, reader| reader.pass()),
        (named!("internalNetworkInputBytes"), |_, reader| reader.pass()),
        (named!("peakMemoryBytes"), |_, reader| reader.pass()),
        (named!("spilledBytes"), |_, reader| reader.pass()),
        (named!("rootStage"), Statistics::read_stages),
    ];

    fn read(reader: &mut Reader<'a>) -> Option<Statistics<'a>> {
        let mut read = Statistics::default();
        reader.object(&Statistics::FIELDS, &mut read)?;
        (reader.is_done() && !read.state.0.is_empty()).then_some(read)
    }

    fn read_stages(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        self.stages = None;
        if reader.null() {
            return Some(());
        }
        // A page must not fail for stages that are not read, so none is shown then.
        let before = *reader;
        self.stages = Stage::read(reader, DEEPEST);
        if self.stages.is_none() {
            *reader = before;
            reader.pass()?;
        }
        Some(())
    }
}

impl<'a> Stage<'a> {
    /// Its fields, as Trino orders them.
    const FIELDS: [(&'static str, Read<'a, Stage<'a>>); 16] = [
        (named!("stageId"), |read, reader| set(&mut read.stage_id, Word::read(reader))),
        (named!("state"), |read, reader| set(&mut read.state, Word::read(reader))),
        (named!("done"), |read, reader| set(&mut read.done, reader.truth())),
        (named!("nodes"), |read, reader| set(&mut read.nodes, reader.count())),
        (named!("totalSplits"), |read, reader| set(&mut read.total_splits, reader.count())),
        (named!("queuedSplits"), |_, reader| reader.pass()),
        (named!("runningSplits"), |read, reader| set(&mut read.running_splits, reader.count())),
        (named!("completedSplits"), |read, reader| set(&mut read.completed_splits, reader.count())),
        (named!("cpuTimeMillis"), |_, reader| reader.pass()),
        (named!("wallTimeMillis"), |_, reader| reader.pass()),
        (named!("processedRows"), |_, reader| reader.pass()),
        (named!("processedBytes"), |_, reader| reader.pass()),
        (named!("physicalInputBytes"), |_, reader| reader.pass()),
        (named!("failedTasks"), |_, reader| reader.pass()),
        (named!("coordinatorOnly"), |read, reader| set(&mut read.coordinator_only, reader.truth())),
        (named!("subStages"), Stage::read_sub_stages),
    ];

    /// `deep`: how many stages may be within each other.
    fn read(reader: &mut Reader<'a>, deep: usize) -> Option<Stage<'a>> {
        let mut read = Stage { deep: deep.checked_sub(1)?, ..Stage::default() };
        reader.object(&Stage::FIELDS, &mut read)?;
        Some(read)
    }

    fn read_sub_stages(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        self.sub_stages.clear();
        reader.mark(b'[')?;
        while reader.element(self.sub_stages.is_empty())? {
            self.sub_stages.push(Stage::read(reader, self.deep)?);
        }
        Some(())
    }
}

/// Writes the statistics for a user from whom rows are hidden.
///
/// # Errors
/// [`Malformed`] if they are none of Trino's.
pub(crate) fn without_counts(raw: &[u8], out: &mut BytesMut) -> Result<(), Malformed> {
    let statistics = Statistics::read(&mut Reader::new(raw)).ok_or(Malformed("statistics of another shape"))?;
    statistics.write(&mut Writer { out, number: itoa::Buffer::new() });
    Ok(())
}

/// Writes JSON whose names and words need no escapes. Its parts stand once, as those of [`Reader`] do.
struct Writer<'a> {
    out: &'a mut BytesMut,
    number: itoa::Buffer,
}

impl Writer<'_> {
    /// Text as it is.
    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    #[inline(never)]
    fn word(&mut self, name: &str, word: &Word<'_>) {
        for part in [name, "\"", word.0, "\""] {
            self.text(part);
        }
    }

    #[inline(never)]
    fn truth(&mut self, name: &str, truth: bool) {
        self.text(name);
        self.text(if truth { "true" } else { "false" });
    }

    #[inline(never)]
    fn count(&mut self, name: &str, count: u64) {
        self.text(name);
        self.out.extend_from_slice(self.number.format(count).as_bytes());
    }

    #[inline(never)]
    fn splits(&mut self, nodes: u64, splits: &Splits) {
        self.count(",\"nodes\":", nodes.min(1));
        for (name, count) in [
            (",\"totalSplits\":", splits.total),
            (",\"queuedSplits\":", splits.queued()),
            (",\"runningSplits\":", splits.running),
            (",\"completedSplits\":", splits.completed),
        ] {
            self.count(name, count.into());
        }
    }
}

impl Statistics<'_> {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.word("{\"state\":", &self.state);
        writer.truth(",\"queued\":", self.queued);
        writer.truth(",\"scheduled\":", self.scheduled);
        let splits = Splits::of_a_hundred(self.total_splits, self.completed_splits, self.running_splits);
        if self.progress_percentage {
            writer.count(",\"progressPercentage\":", splits.completed.into());
            writer.text(".0");
        }
        if self.running_percentage {
            writer.count(",\"runningPercentage\":", splits.running.into());
            writer.text(".0");
        }
        writer.splits(self.nodes, &splits);
        for (name, millis) in [
            (",\"planningTimeMillis\":", self.planning_time_millis),
            (",\"analysisTimeMillis\":", self.analysis_time_millis),
            (",\"queuedTimeMillis\":", self.queued_time_millis),
            (",\"elapsedTimeMillis\":", self.elapsed_time_millis),
            (",\"finishingTimeMillis\":", self.finishing_time_millis),
        ] {
            writer.count(name, millis);
        }
        writer.text(",");
        writer.text(HIDDEN);
        if let Some(stage) = &self.stages {
            writer.text(",\"rootStage\":");
            stage.write(writer);
        }
        writer.text("}");
    }
}

impl Stage<'_> {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.word("{\"stageId\":", &self.stage_id);
        writer.word(",\"state\":", &self.state);
        writer.truth(",\"done\":", self.done);
        writer.splits(self.nodes, &Splits::of_a_hundred(self.total_splits, self.completed_splits, self.running_splits));
        writer.text(",");
        writer.text(HIDDEN_OF_STAGE);
        writer.truth(",\"coordinatorOnly\":", self.coordinator_only);
        writer.text(",\"subStages\":[");
        for (place, stage) in self.sub_stages.iter().enumerate() {
            writer.text(if place == 0 { "" } else { "," });
            stage.write(writer);
        }
        writer.text("]}");
    }
}

/// How many of a hundred, or of none.
struct Splits {
    total: u8,
    completed: u8,
    running: u8,
}

impl Splits {
    fn of_a_hundred(total: u64, completed: u64, running: u64) -> Splits {
        let part =
            |count: u64| u8::try_from(u128::from(count.min(total)) * 100 / u128::from(total.max(1))).unwrap_or(100);
        let completed = part(completed);
        Splits { total: part(total), completed, running: part(running).min(100 - completed) }
    }

    fn queued(&self) -> u8 {
        self.total - self.completed - self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn stage(id: u64, splits: [u64; 4], work: u64, stages: Value) -> Value {
        let [total, queued, running, completed] = splits;
        json!({
            "stageId": id.to_string(), "state": "RUNNING", "done": false, "nodes": 3, "totalSplits": total,
            "queuedSplits": queued, "runningSplits": running, "completedSplits": completed, "cpuTimeMillis": work,
            "wallTimeMillis": work, "processedRows": work, "processedBytes": work, "physicalInputBytes": work,
            "failedTasks": 0, "coordinatorOnly": false, "subStages": stages, "new": work,
        })
    }

    /// Statistics of a running query, as Trino writes them.
    fn statistics(splits: [u64; 4], work: u64, root: Value) -> Value {
        let [total, queued, running, completed] = splits;
        json!({
            "state": "RUNNING", "queued": false, "scheduled": true, "progressPercentage": 12.345,
            "runningPercentage": 6.789, "nodes": 3, "totalSplits": total, "queuedSplits": queued,
            "runningSplits": running, "completedSplits": completed, "planningTimeMillis": 11, "analysisTimeMillis": 12,
            "cpuTimeMillis": work, "wallTimeMillis": work, "queuedTimeMillis": 13, "elapsedTimeMillis": 14,
            "finishingTimeMillis": 15, "physicalInputTimeMillis": work, "processedRows": work, "processedBytes": work,
            "physicalInputBytes": work, "physicalWrittenBytes": work, "internalNetworkInputBytes": work,
            "peakMemoryBytes": work, "spilledBytes": work, "rootStage": root, "new": {"processedRows": work},
        })
    }

    fn read(raw: &str) -> Result<Value, Malformed> {
        let mut out = BytesMut::new();
        without_counts(raw.as_bytes(), &mut out).map(|()| serde_json::from_slice(&out).unwrap())
    }

    fn shown(raw: &Value) -> Value {
        read(&raw.to_string()).unwrap()
    }

    #[test]
    fn it_shows_how_far_a_query_is_and_no_count() {
        let leaf = stage(1, [9, 3, 3, 3], 77, json!([]));
        let shown = shown(&statistics([200, 99, 51, 50], 77, stage(0, [0, 0, 0, 0], 77, json!([leaf]))));
        insta::assert_json_snapshot!(shown);
    }

    #[test]
    fn what_trino_has_not_yet_is_not_made_up() {
        let shown = shown(&json!({"state": "QUEUED", "queued": true, "rootStage": null}));
        assert_eq!((&shown["state"], &shown["queued"]), (&json!("QUEUED"), &json!(true)));
        for absent in ["progressPercentage", "runningPercentage", "rootStage", "stages"] {
            assert_eq!(shown.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn stages_deeper_than_can_be_read_are_left_out() {
        for (deep, there) in [(50, true), (100, false), (20_000, false)] {
            let mut root = "[".to_owned();
            let stage = stage(0, [1, 0, 0, 1], 7, json!([])).to_string();
            let (before, after) = stage.rsplit_once("[]").unwrap();
            root.push_str(&format!("{before}[").repeat(deep));
            root.push_str(&format!("]{after}").repeat(deep));
            let raw = format!("{{\"state\":\"RUNNING\",\"rootStage\":{}}}", root.trim_start_matches('['));
            let shown = read(&raw).unwrap();
            assert_eq!(shown.get("rootStage").is_some(), there, "{deep}");
        }
    }

    #[test]
    fn what_is_no_statistics_is_malformed() {
        for raw in ["", "1", "[]", "{}", r#"{"state":7}"#, r#"{"state":"it's 4"}"#, r#"{"state":"RUNNING","nodes":-1}"#]
        {
            assert!(read(raw).is_err(), "{raw}");
        }
    }

    fn root() -> impl Strategy<Value = (Value, Value)> {
        let leaf = (any::<u64>(), any::<u64>()).prop_map(|(a, b)| both(a, b, &[]));
        leaf.prop_recursive(6, 20, 3, |inner| {
            (any::<u64>(), any::<u64>(), prop::collection::vec(inner, 0..3))
                .prop_map(|(a, b, under)| both(a, b, &under))
        })
    }

    /// A stage twice, as far, and of other numbers of splits and other work.
    fn both(a: u64, b: u64, under: &[(Value, Value)]) -> (Value, Value) {
        let (left, right) = under.iter().cloned().unzip::<Value, Value, Vec<_>, Vec<_>>();
        let splits = |work: u64| [4, 1, 2, 1].map(|part: u64| part * (1 + work % 1000));
        (stage(5, splits(a), a, json!(left)), stage(5, splits(b), b, json!(right)))
    }

    proptest! {
        #[test]
        fn two_queries_that_are_as_far_look_the_same((left, right) in root(), a in any::<u64>(), b in any::<u64>()) {
            let of = |root: Value, work: u64| {
                let splits = [5, 2, 1, 2].map(|part: u64| part * (1 + work % 1000));
                shown(&statistics(splits, work, root))
            };
            prop_assert_eq!(of(left, a), of(right, b));
        }

        #[test]
        fn any_numbers_of_splits_are_shown_as_parts(splits in any::<[u64; 4]>()) {
            let shown = shown(&statistics(splits, 0, json!(null)));
            let part = |name: &str| shown[name].as_u64().unwrap();
            let all = part("queuedSplits") + part("runningSplits") + part("completedSplits");
            prop_assert_eq!(part("totalSplits"), if splits[0] == 0 { 0 } else { 100 });
            prop_assert_eq!(all, part("totalSplits"));
        }
    }
}
