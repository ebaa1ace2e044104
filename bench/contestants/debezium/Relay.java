import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * The process of the contestant Debezium. It does with a batch of the engine what Debezium Server does with it for
 * Kafka: it sends all records, waits until all are acknowledged, and says so to the engine.
 *
 * Its argument is a file of properties. Those that begin with "producer." are the producer's, all others the engine's.
 * It ends at SIGTERM, and when the engine fails.
 */
public final class Relay {
    private final KafkaProducer<String, String> producer;

    private Relay(Properties settings) {
        producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    public static void main(String[] args) throws Exception {
        Properties all = new Properties();
        try (InputStream file = new FileInputStream(args[0])) {
            all.load(file);
        }
        Properties forEngine = new Properties();
        Properties forProducer = new Properties();
        for (String name : all.stringPropertyNames()) {
            if (name.startsWith("producer.")) {
                forProducer.setProperty(name.substring("producer.".length()), all.getProperty(name));
            } else {
                forEngine.setProperty(name, all.getProperty(name));
            }
        }
        Relay relay = new Relay(forProducer);
        DebeziumEngine<RecordChangeEvent<SourceRecord>> engine = DebeziumEngine
                .create(ChangeEventFormat.of(Connect.class))
                .using(forEngine)
                .using((success, message, error) -> {
                    if (success) {
                        return;
                    }
                    System.err.println("Debezium: " + message);
                    if (error != null) {
                        error.printStackTrace();
                    }
                    Runtime.getRuntime().halt(1);
                })
                .notifying(relay::publish)
                .build();
        Thread running = new Thread(engine, "engine");
        running.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                engine.close();
                running.join();
            } catch (Exception error) {
                System.err.println("Debezium did not stop: " + error);
            }
            relay.producer.close();
        }));
    }

    private void publish(
            List<RecordChangeEvent<SourceRecord>> batch,
            DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer) throws InterruptedException {
        List<Future<RecordMetadata>> sends = new ArrayList<>(batch.size());
        for (RecordChangeEvent<SourceRecord> event : batch) {
            sends.add(producer.send(outgoing(event.record())));
        }
        producer.flush();
        for (int at = 0; at < batch.size(); at += 1) {
            try {
                sends.get(at).get();
            } catch (ExecutionException error) {
                throw new IllegalStateException("Kafka did not take an event", error.getCause());
            }
            committer.markProcessed(batch.get(at));
        }
        committer.markBatchFinished();
    }

    private static ProducerRecord<String, String> outgoing(SourceRecord record) {
        ProducerRecord<String, String> outgoing =
                new ProducerRecord<>(record.topic(), (String) record.key(), (String) record.value());
        byte[] id = ((String) record.headers().lastWithName("id").value()).getBytes(StandardCharsets.UTF_8);
        outgoing.headers().add("id", id);
        return outgoing;
    }
}
