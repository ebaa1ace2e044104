import { grounds } from './grounds.ts';
import { describeGrounds } from './matrix.ts';

describeGrounds('the main story on the whole grid of databases', grounds);
