import { grounds } from './grounds.ts';
import { describeGrounds } from './matrix.ts';

describeGrounds(
  'the main story on databases as people have them',
  grounds.filter(({ test }) => test),
);
